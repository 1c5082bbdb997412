/** The audit log. An extension of the published API. */
import { Type, type Static } from 'typebox';
import { auditActions, type AuditRecord } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { enumeration } from '../enumeration.ts';
import { operation } from '../operation.ts';
import { pageOf, paged, pagedSchema, PageQuery, unixSeconds } from './shapes.ts';

const AuditEntry = Type.Object(
  {
    at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    action: enumeration(auditActions, { description: 'What was done.', examples: ['api_key.created'] }),
    account: Type.String({ description: 'The account it was done to.', examples: ['ada'] }),
    actor: Type.String({
      description:
        'The account that did it; empty for the platform itself and its operator at the command line.',
      examples: ['admin'],
    }),
    api_key: Type.String({ description: 'Name of the key it was done with.', examples: ['first key'] }),
    subject: Type.String({
      description: 'What it was done to: a slug, a path or a name.',
      examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
    }),
    details: Type.Unknown({
      description: 'An object with what else there is to know.',
      examples: [{ name: 'nightly job' }],
    }),
    request_id: Type.String({
      description: 'The request that did it; empty where none did.',
      examples: ['0192f3a1-7c55-4d0e-9d5e-3f1c6d0e8a11'],
    }),
  },
  { title: 'AuditEntry', description: 'An entry of the audit log' },
);

function entryShape(entry: AuditRecord): Static<typeof AuditEntry> {
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
        'Who did what, newest first: what was done to the account of the credential, or for an administrator to any account. An extension of the published API.',
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
