/** Regions that a run's traffic may leave from. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';

interface Region {
  /** Value for `proxy_region`. */
  readonly code: string;
  readonly name: string;
}

/** @param language of the names */
export function regionsQuery(language: string) {
  return queryOptions({
    queryKey: ['regions', language],
    queryFn: async ({ signal }) => {
      const { list } = await call<{ list: readonly Region[] }>('/proxy/region', {
        query: { language },
        signal,
      });
      return list;
    },
    staleTime: Infinity,
  });
}
