/** Ways into an account: set-up links, a forgotten password, and changes of what one signs in with. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { OpenSetupLink, RecoveryWays, SetupResult } from '../../../src/answers/accounts.ts';
import type { ListedSession } from '../../../src/answers/credentials.ts';
import type { Paged } from '../../../src/answers/pages.ts';
import { call, segment } from './client.ts';
import { sessionKey, sessionQuery } from './session.ts';

export type { ListedSession } from '../../../src/answers/credentials.ts';
export type { OpenSetupLink } from '../../../src/answers/accounts.ts';

/** What a set-up link is for. */
export function setupLinkQuery(token: string) {
  return queryOptions({
    queryKey: ['setup-link', token],
    queryFn: ({ signal }) => call<OpenSetupLink>('/setup/link', { body: { token }, signal }),
    // Using the link makes it invalid, and nothing else changes it while it is open.
    staleTime: Infinity,
    retry: false,
  });
}

/** Sets e-mail address and password, and is signed in afterwards. */
export function useSetUp() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { token: string; email: string; password: string }) =>
      call<SetupResult>('/setup', { body }),
    onSuccess: async () => {
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'setup-link' });
      await client.fetchQuery(sessionQuery);
    },
  });
}

export const recoveryQuery = queryOptions({
  queryKey: ['recovery'],
  queryFn: ({ signal }) => call<RecoveryWays>('/recovery', { signal }),
  staleTime: Infinity,
});

export function useRequestRecovery() {
  return useMutation({ mutationFn: (body: { email: string }) => call<void>('/recovery', { body }) });
}

const sessionsKey = ['sessions'] as const;

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { current_password: string; password: string }) =>
      call<void>('/users/account/password', { method: 'PUT', body }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionsKey }),
  });
}

export function useChangeEmail() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { current_password: string; email: string }) =>
      call<void>('/users/account/email', { method: 'PUT', body }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionKey }),
  });
}

export const sessionPageSize = 20;

/** @param page 1-based */
export function sessionsQuery(page: number) {
  return queryOptions({
    queryKey: [...sessionsKey, page],
    queryFn: ({ signal }) =>
      call<Paged<ListedSession>>('/sessions', { query: { offset: page, limit: sessionPageSize }, signal }),
  });
}

/** Ends one session, or all others if none is given. */
export function useEndSessions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ slug }: { slug: string | undefined }) =>
      slug === undefined
        ? call<void>('/sessions', { method: 'DELETE', query: { keep_current: true } })
        : call<void>(`/sessions/${segment(slug)}`, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsKey }),
  });
}
