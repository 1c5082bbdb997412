/** Who is signed in. */
import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import type { Session } from '../../../src/answers/credentials.ts';
import { ApiError, call, setCsrfToken } from './client.ts';
import { forgetEmail, rememberEmail } from './remembered-email.ts';

export type { Session } from '../../../src/answers/credentials.ts';

export const sessionKey = ['session'] as const;
const sessionEndedKey = ['session-ended'] as const;

/** Code of an answer to a request without a valid session; a wrong password has another one. */
const unauthorizedCode = 12_001;

/** Whether a request was refused because it had no valid session. */
export function isSessionRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && error.code === unauthorizedCode;
}

/**
 * Finds out whether the session has ended, after a request outside of the query client was refused for it.
 * @returns whether it was, so that the dialog that asks to sign in is enough
 */
export function noteSessionRefusal(client: QueryClient, error: unknown): boolean {
  const isSignedIn = (client.getQueryData(sessionKey) ?? null) !== null;
  if (!isSignedIn || !isSessionRefusal(error)) return false;
  void client.invalidateQueries({ queryKey: sessionKey });
  return true;
}

function remember(session: Session | null): Session | null {
  if (session === null) forgetEmail();
  else if (session.account.email !== '') rememberEmail(session.account.email);
  setCsrfToken(session?.csrf_token ?? '');
  return session;
}

/** A session that ends while it is in use stays known, so that its page can stay. */
async function readSession(client: QueryClient): Promise<Session | null> {
  try {
    const session = remember(await call<Session>('/session'));
    client.setQueryData(sessionEndedKey, false);
    return session;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
    const known = client.getQueryData<Session | null>(sessionKey) ?? null;
    if (known !== null) client.setQueryData(sessionEndedKey, true);
    return known;
  }
}

/** Whether the session ended while the console was in use. */
export const sessionEndedQuery = queryOptions({
  queryKey: sessionEndedKey,
  queryFn: () => false,
  enabled: false,
  initialData: false,
});

/** The session; null if nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: ({ client }) => readSession(client),
  staleTime: 60_000,
});

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
    onSuccess: (session) => {
      client.setQueryData(sessionKey, remember(session));
      client.setQueryData(sessionEndedKey, false);
    },
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
