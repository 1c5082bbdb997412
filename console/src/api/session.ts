/** Who is signed in. */
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Session } from '../../../src/answers/credentials.ts';
import { ApiError, call, setCsrfToken } from './client.ts';

export const sessionKey = ['session'] as const;

function remember(session: Session | null): Session | null {
  setCsrfToken(session?.csrf_token ?? '');
  return session;
}

async function readSession(): Promise<Session | null> {
  try {
    return remember(await call<Session>('/session'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return remember(null);
    throw error;
  }
}

/** The session; null if nobody is signed in. */
export const sessionQuery = queryOptions({ queryKey: sessionKey, queryFn: readSession, staleTime: 60_000 });

/** The session; undefined if nobody is signed in, or while that is unknown. */
export function useSession(): Session | undefined {
  return useQuery(sessionQuery).data ?? undefined;
}

/** Signs in with e-mail address and password. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { email: string; password: string }) =>
      call<Session>('/session', { body: credentials }),
    onSuccess: (session) => client.setQueryData(sessionKey, remember(session)),
  });
}

/** Ends this session, or all sessions of the account, and clears cached data. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ everywhere }: { everywhere: boolean }) =>
      call<void>(everywhere ? '/sessions' : '/session', { method: 'DELETE' }),
    onSuccess: () => {
      client.clear();
      client.setQueryData(sessionKey, remember(null));
    },
  });
}
