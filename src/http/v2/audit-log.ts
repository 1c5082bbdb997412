/** The audit log. An extension of the published API. */
import { AuditEntry } from '../../answers/accounts.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { type AuditRecord } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { pageOf, paged, PageQuery, unixSeconds } from './shapes.ts';

function entryShape(entry: AuditRecord): AuditEntry {
  return {
    at: unixSeconds(entry.at),
    action: entry.action,
    account: entry.account,
    actor: entry.actor ?? '',
    api_key: entry.api_key ?? '',
    subject: entry.subject,
    details: entry.details,
    request_id: entry.request_id,
  };
}

export function addAuditLogOperations(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    '/audit-log',
    operation({
      id: 'listAuditLog',
      tag: 'account',
      summary: 'List audit log',
      description:
        'Returns the actions that affected the authenticated account, newest first. Administrators see the actions on all accounts. An extension of the published API.',
      querystring: PageQuery,
      data: pagedSchema(AuditEntry),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { accountId } = request;
      const scope = (await accounts.isAdmin(accountId)) ? undefined : accountId;
      const { count, list } = await accounts.audit.list(scope, page);
      return success(request, paged({ count, list: list.map(entryShape) }, page));
    },
  );
}
