/** The audit log. An extension of the published API. */
import { Type } from 'typebox';
import { auditActions } from '../../accounts/audit-actions.ts';
import { AuditEntry } from '../../answers/accounts.ts';
import { enumeration } from '../../answers/enumeration.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { type AuditRecord } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { lastSecond, pageOf, paged, PageQuery, unixSeconds } from './shapes.ts';

const ListQuery = Type.Object({
  ...PageQuery.properties,
  action: Type.Optional(enumeration(auditActions, { description: 'Only entries of this action.' })),
  account: Type.Optional(
    Type.String({
      description: 'Only entries of actions that this account performed, or that affected it.',
      maxLength: 64,
      examples: ['ada'],
    }),
  ),
  start_time: Type.Optional(
    Type.Integer({
      description: 'Entries at or after this time, Unix seconds.',
      minimum: 0,
      maximum: lastSecond,
    }),
  ),
  end_time: Type.Optional(
    Type.Integer({ description: 'Entries before this time, Unix seconds.', minimum: 0, maximum: lastSecond }),
  ),
});

/** Absent and blank parameters select everything. */
function momentOrNone(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}

function entryShape(entry: AuditRecord): AuditEntry {
  return {
    id: entry.id,
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
      querystring: ListQuery,
      data: pagedSchema(AuditEntry),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { accountId } = request;
      const scope = (await accounts.isAdmin(accountId)) ? undefined : accountId;
      const { action, account, start_time: start, end_time: end } = request.query;
      const filter = {
        accountId: scope,
        action,
        account: account === '' ? undefined : account,
        from: momentOrNone(start),
        before: momentOrNone(end),
      };
      const { count, list } = await accounts.audit.list(filter, page);
      return success(request, paged({ count, list: list.map(entryShape) }, page));
    },
  );
}
