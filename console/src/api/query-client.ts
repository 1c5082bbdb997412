import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';
import { sessionKey } from './session.ts';

const maxRetries = 2;

/** Whether another attempt may succeed. A request that the API refused is not repeated. */
function isWorthRetrying(failures: number, error: unknown): boolean {
  const isPassing = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
  return isPassing && failures < maxRetries;
}

export function createQueryClient(): QueryClient {
  /** Reads the session again, which finds out whether it has ended, or only has another token than this page knows. */
  const noteRefusal = (error: unknown): void => {
    const isSignedIn = (client.getQueryData(sessionKey) ?? null) !== null;
    if (!isSignedIn || !(error instanceof ApiError && error.status === 401)) return;
    void client.invalidateQueries({ queryKey: sessionKey });
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, { queryKey }) => {
        if (queryKey[0] !== sessionKey[0]) noteRefusal(error);
      },
    }),
    mutationCache: new MutationCache({ onError: noteRefusal }),
    defaultOptions: {
      // Requests fail where the browser is offline, instead of waiting without a word.
      queries: {
        staleTime: 5000,
        retry: isWorthRetrying,
        networkMode: 'always',
        refetchOnReconnect: true,
      },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}
