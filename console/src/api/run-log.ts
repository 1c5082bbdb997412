/** The log of a run: any window of it, and searching it. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { LogLine, LogLineList, LogMatchList, RunLog } from '../../../src/answers/logs.ts';
import type { LogType } from '../../../src/logs/log-line.ts';
import { call, type Query } from './client.ts';
import { liveMilliseconds, runPath, runsKey } from './runs.ts';

export type { LogCounts, LogLine } from '../../../src/answers/logs.ts';
export { logTypes, type LogType } from '../../../src/logs/log-line.ts';

export interface LogFilter {
  /** All levels if empty. */
  readonly levels: readonly LogType[];
  readonly subtask: number | undefined;
  /** Words that a line has to contain; `''` for any line. */
  readonly words: string;
}

export const linesAtOnce = 200;
/** A search continues with each request. The server searches longer than this before it answers. */
const searchMilliseconds = 25;

function filterFields({ levels, subtask, words }: LogFilter): Query {
  return { levels: levels.join(','), subtask, search: words };
}

/** How many lines pass a filter, as far as the search has got. @param isLive whether the run is still going on */
export function logCountQuery(slug: string, filter: LogFilter, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'log', filter, isLive],
    queryFn: ({ signal }) =>
      call<LogLineList>(`${runPath(slug)}/log/lines`, {
        query: { ...filterFields(filter), position: -1, limit: 1 },
        signal,
      }),
    refetchInterval: ({ state }) => {
      if (state.data?.is_complete === false) return searchMilliseconds;
      return isLive && liveMilliseconds;
    },
    placeholderData: keepPreviousData,
  });
}

/** The last lines that pass a filter. */
export function lastLinesQuery(slug: string, filter: LogFilter, limit: number) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'last-lines', filter, limit],
    queryFn: ({ signal }) =>
      call<LogLineList>(`${runPath(slug)}/log/lines`, {
        query: { ...filterFields(filter), position: -limit, limit },
        signal,
      }),
    refetchInterval: ({ state }) => state.data?.is_complete === false && searchMilliseconds,
  });
}

/** @param page 0-based */
export async function loadLines(
  slug: string,
  filter: LogFilter,
  page: number,
  signal: AbortSignal,
): Promise<readonly LogLine[]> {
  const query = { ...filterFields(filter), position: page * linesAtOnce + 1, limit: linesAtOnce };
  return (await call<LogLineList>(`${runPath(slug)}/log/lines`, { query, signal })).list;
}

export interface LogMatch {
  /** Number of the match, from 1. */
  readonly place: number;
  /** Position among the lines that pass the filter, ignoring the words, from 1. */
  readonly position: number;
}

/** How many lines that pass the filter contain the words, as far as the search has got. */
export function matchCountQuery(slug: string, filter: LogFilter, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'matches', filter, isLive],
    queryFn: ({ signal }) =>
      call<LogMatchList>(`${runPath(slug)}/log/matches`, {
        query: { ...filterFields(filter), limit: 1 },
        signal,
      }),
    enabled: filter.words !== '',
    refetchInterval: ({ state }) => {
      if (state.data?.is_complete === false) return searchMilliseconds;
      return isLive && liveMilliseconds;
    },
  });
}

/**
 * Finds one match; repeats the request until the match is found or all lines have been searched.
 * @param from number of a match (negative counts from the end), or a position to start at
 */
export async function findMatch(
  slug: string,
  filter: LogFilter,
  from: { first: number } | { from_position: number },
  signal: AbortSignal,
): Promise<LogMatch | undefined> {
  for (;;) {
    const query = { ...filterFields(filter), ...from, limit: 1 };
    const found = await call<LogMatchList>(`${runPath(slug)}/log/matches`, { query, signal });
    const [match] = found.list;
    if (match !== undefined) return { place: found.first, position: match.position };
    if (found.is_complete) return undefined;
  }
}

/**
 * Signed link to the whole log as text, with this server as its origin whatever public URL the server is configured
 * with.
 */
export async function wholeLogPath(slug: string): Promise<string> {
  const { all_logs_url: url } = await call<RunLog>(`${runPath(slug)}/log`);
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
