import { QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';
import { sessionKey } from './session.ts';

const maxRetries = 2;

/** Whether another attempt may succeed. A request that the API refused is not repeated. */
function isWorthRetrying(failures: number, error: unknown): boolean {
  const isPassing = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
  return isPassing && failures < maxRetries;
}

export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        const isSessionQuery = query.queryKey[0] === sessionKey[0];
        if (error instanceof ApiError && error.status === 401 && !isSessionQuery) {
          void client.invalidateQueries({ queryKey: sessionKey });
        }
      },
    }),
    defaultOptions: { queries: { staleTime: 5000, retry: isWorthRetrying } },
  });
  return client;
}
