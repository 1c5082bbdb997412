/** All accounts, for administrators. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Account, SetupLink } from '../../../src/answers/accounts.ts';
import type { Paged } from '../../../src/answers/pages.ts';
import { call, segment } from './client.ts';

export type { Account, SetupLink } from '../../../src/answers/accounts.ts';
export type AccountState = Account['state'];

const accountsKey = ['accounts'] as const;
export const accountPageSize = 50;

/** @param page 1-based */
export function accountsQuery(page: number) {
  return queryOptions({
    queryKey: [...accountsKey, page],
    queryFn: ({ signal }) =>
      call<Paged<Account>>('/accounts', { query: { offset: page, limit: accountPageSize }, signal }),
    placeholderData: keepPreviousData,
  });
}

async function makeLink(name: string): Promise<SetupLink> {
  return call<SetupLink>(`/accounts/${segment(name)}/set-up-link`, { method: 'POST' });
}

function useAccountMutation<Variables, Data>(mutationFn: (variables: Variables) => Promise<Data>) {
  const client = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => client.invalidateQueries({ queryKey: accountsKey }) });
}

export interface NewAccount {
  readonly name: string;
  readonly email?: string;
  readonly is_admin: boolean;
}

/** Creates an account, and the link that invites its owner. */
export function useInviteAccount() {
  return useAccountMutation(async (body: NewAccount) => {
    await call<Account>('/accounts', { body });
    return makeLink(body.name);
  });
}

/** Makes a link that replaces the previous one. */
export function useMakeLink() {
  return useAccountMutation(({ name }: { name: string }) => makeLink(name));
}

export function useDisableAccount() {
  return useAccountMutation(({ name, isDisabled }: { name: string; isDisabled: boolean }) =>
    call<Account>(`/accounts/${segment(name)}`, { method: 'PUT', body: { is_disabled: isDisabled } }),
  );
}
