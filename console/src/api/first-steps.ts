/** The first steps of the account. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { FirstSteps } from '../../../src/answers/accounts.ts';
import { call } from './client.ts';

export type { FirstSteps } from '../../../src/answers/accounts.ts';

const path = '/users/account/first-steps';

export const firstStepsQuery = queryOptions({
  queryKey: ['first-steps'],
  queryFn: ({ signal }) => call<FirstSteps>(path, { signal }),
});

export function useDismissFirstSteps() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call(path, { method: 'DELETE' }),
    onSuccess: () => client.invalidateQueries({ queryKey: firstStepsQuery.queryKey }),
  });
}
