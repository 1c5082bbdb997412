/** Runs: list, one, their log, results and exports, and what can be done to them. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { call, segment } from './client.ts';
import type { Paged } from './paging.ts';

export const runStatuses = ['ready', 'running', 'succeeded', 'failed', 'aborting'] as const;
export type RunStatus = (typeof runStatuses)[number];

export interface Run {
  readonly slug: string;
  readonly scraper_slug: string;
  readonly scraper_title: string;
  readonly version: string;
  readonly status: RunStatus;
  readonly results: number;
  /** Decimal. */
  readonly usage: string;
  /** Bytes. */
  readonly traffic: number;
  readonly origin: string;
  /** Unix seconds; 0 for not yet. */
  readonly started_at: number;
  /** Unix seconds; 0 for not yet. */
  readonly finished_at: number;
  /** Seconds. */
  readonly duration: number;
  readonly err_msg: string;
}

export interface ResultHeader {
  readonly key: string;
  readonly label: string;
  readonly format: string;
}

export type ResultRow = Readonly<Record<string, unknown>> & { readonly __coreclaw_data_id__: string };

export interface ResultPage extends Paged<ResultRow> {
  readonly headers: readonly ResultHeader[];
}

export interface LogLine {
  /** 1 debug, 2 info, 3 warn, 4 error. */
  readonly type: number;
  /** Number of the subtask. */
  readonly group: string;
  readonly content: string;
  /** Milliseconds. */
  readonly timestamp: number;
}

export interface RunLog {
  /** Signed link to the whole log as text. */
  readonly all_logs_url: string;
  readonly list: readonly LogLine[];
}

export const runOrigins = ['api_v2', 'console', 'schedule', 'task', 'mcp', 'cli'] as const;

export interface RunFilter {
  readonly status?: RunStatus | undefined;
  /** `owner~name` or slug. */
  readonly worker?: string | undefined;
  readonly origin?: string | undefined;
  readonly keyword?: string | undefined;
  /** Unix seconds. */
  readonly from?: number | undefined;
  /** Unix seconds of the start of the last day. */
  readonly to?: number | undefined;
  /** `-created_at` */
  readonly sort?: string | undefined;
  readonly page: number;
  readonly size?: number;
}

export const exportFormats = ['csv', 'json', 'jsonl', 'xlsx', 'xls', 'xml', 'html', 'rss'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const runsKey = ['runs'] as const;
/** While a run goes on its figures are asked for this often. */
const liveMilliseconds = 1000;
const listMilliseconds = 5000;
export const pageSize = 50;

export function isFinal(status: RunStatus): boolean {
  return status === 'succeeded' || status === 'failed';
}

function runPath(slug: string): string {
  return `/worker-runs/${segment(slug)}`;
}

export function runsQuery(filter: RunFilter) {
  const { status, worker, origin, keyword, from, to, sort, page, size = 20 } = filter;
  return queryOptions({
    queryKey: [...runsKey, 'list', filter],
    queryFn: ({ signal }) =>
      call<Paged<Run>>('/worker-runs', {
        query: {
          status,
          worker_id: worker,
          origin,
          keyword,
          start_time: from,
          end_time: to,
          sort,
          offset: page,
          limit: size,
        },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: listMilliseconds,
  });
}

export function runQuery(slug: string) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'run'],
    queryFn: ({ signal }) => call<Run>(runPath(slug), { signal }),
    refetchInterval: ({ state }) =>
      state.data !== undefined && isFinal(state.data.status) ? false : liveMilliseconds,
  });
}

/** @param isLive whether the run still goes on */
export function resultsQuery(slug: string, page: number, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'results', page, isLive],
    queryFn: ({ signal }) =>
      call<ResultPage>(`${runPath(slug)}/result`, { query: { offset: page, limit: pageSize }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

/** The newest lines, oldest first. @param isLive whether the run still goes on */
export function logQuery(slug: string, isLive: boolean) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'log', isLive],
    queryFn: ({ signal }) => call<RunLog>(`${runPath(slug)}/log`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: isLive && liveMilliseconds,
  });
}

export function useAbortRun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<void>(`${runPath(slug)}/abort`, { method: 'POST', body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: runsKey }),
  });
}

export function useRerun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<{ run_slug: string }>(`${runPath(slug)}/rerun`, { body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: runsKey }),
  });
}

/** Makes a file of all rows. Answers a link that needs no credential. */
export function useExport(slug: string) {
  return useMutation({
    mutationFn: ({ format, keys }: { format: ExportFormat; keys: readonly string[] }) =>
      call<{ download_url: string }>(`${runPath(slug)}/result/export`, {
        query: { format, filter_keys: keys.join(',') },
      }),
  });
}
