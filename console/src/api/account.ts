/** The account: plan and balance. */
import { queryOptions } from '@tanstack/react-query';
import type { AccountDetails } from '../../../src/answers/accounts.ts';
import { call } from './client.ts';

export const accountDetailsQuery = queryOptions({
  queryKey: ['account-details'],
  queryFn: ({ signal }) => call<AccountDetails>('/users/account/details', { signal }),
});
