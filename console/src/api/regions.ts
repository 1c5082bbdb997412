/** Regions that a run's traffic may leave from. */
import { queryOptions } from '@tanstack/react-query';
import type { Regions } from '../../../src/answers/regions.ts';
import { call } from './client.ts';

/** @param language of the names */
export function regionsQuery(language: string) {
  return queryOptions({
    queryKey: ['regions', language],
    queryFn: async ({ signal }) => {
      const { list } = await call<Regions>('/proxy/region', {
        query: { language },
        signal,
      });
      return list;
    },
    staleTime: Infinity,
  });
}
