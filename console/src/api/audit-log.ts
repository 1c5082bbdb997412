/** The audit log: who did what. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { AuditAction } from '../../../src/accounts/audit-actions.ts';
import type { AuditEntry } from '../../../src/answers/accounts.ts';
import type { Paged } from '../../../src/answers/pages.ts';
import { call } from './client.ts';

export type { AuditEntry } from '../../../src/answers/accounts.ts';
export { auditActions, type AuditAction } from '../../../src/accounts/audit-actions.ts';

export interface AuditFilter {
  readonly action?: AuditAction | undefined;
  /** Name of an account. */
  readonly account?: string | undefined;
  /** Unix seconds. */
  readonly from?: number | undefined;
  /** Unix seconds; not included. */
  readonly before?: number | undefined;
  readonly page: number;
  readonly size: number;
}

export function auditLogQuery(filter: AuditFilter) {
  const { action, account, from, before, page, size } = filter;
  return queryOptions({
    queryKey: ['audit-log', filter],
    queryFn: ({ signal }) =>
      call<Paged<AuditEntry>>('/audit-log', {
        query: { action, account, start_time: from, end_time: before, offset: page, limit: size },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}
