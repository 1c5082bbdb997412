/** The account: plan and balance. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';

export interface AccountDetails {
  readonly name: string;
  readonly plan: string;
  readonly is_prepaid: boolean;
  /** Decimal. */
  readonly balance: string;
  /** Unix seconds; 0 where it does not expire. */
  readonly balance_expiration_at: number;
  /** 0 is no limit. */
  readonly concurrent_runs: number;
  readonly active_runs: number;
}

export const accountDetailsQuery = queryOptions({
  queryKey: ['account-details'],
  queryFn: ({ signal }) => call<AccountDetails>('/users/account/details', { signal }),
});
