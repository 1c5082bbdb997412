/** The hosts that a run connected to. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { RunHostList } from '../../../src/answers/run-hosts.ts';
import { call } from './client.ts';
import { liveMilliseconds, runPath, runsKey } from './runs.ts';

export type { RunHost, RunHostList } from '../../../src/answers/run-hosts.ts';

export const hostsAtOnce = 50;
/** Maximum length of a host, and of a search for one. */
const hostCharacters = 253;

interface HostFilter {
  readonly keyword: string;
  /** `-bytes` */
  readonly sort: string;
  readonly page: number;
}

/** @param isLive whether the run is still going on */
export function runHostsQuery(slug: string, { keyword, sort, page }: HostFilter, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'network', keyword, sort, page, isLive],
    queryFn: ({ signal }) =>
      call<RunHostList>(`${runPath(slug)}/network`, {
        query: {
          keyword: keyword === '' ? undefined : keyword.slice(0, hostCharacters),
          sort,
          offset: page,
          limit: hostsAtOnce,
        },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}
