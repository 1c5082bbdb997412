/** What the runs of the account came to: over time, by worker, and what goes on now. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';
import type { Paged } from './paging.ts';

export interface RunFigures {
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly aborted: number;
  /** 0 to 1; -1 where no run ended by itself. */
  readonly success_rate: number;
  /** Seconds. */
  readonly duration_p50: number;
  readonly duration_p90: number;
  readonly duration_p99: number;
  readonly results: number;
  /** Bytes. */
  readonly traffic: number;
  /** Decimals. */
  readonly usage: string;
  readonly usage_results: string;
  readonly usage_memory: string;
  readonly usage_traffic: string;
  /** GB-hours, decimal. */
  readonly memory: string;
}

/** The figures from the moment `start` (Unix seconds) on. */
export type RunBucket = RunFigures & { readonly start: number };

export interface RunSeries {
  readonly totals: RunFigures;
  readonly list: readonly RunBucket[];
}

/** The worker's names are empty where it was deleted. */
export interface WorkerFigures extends RunFigures {
  readonly worker_slug: string;
  readonly worker_path: string;
  readonly worker_title: string;
}

export interface Activity {
  readonly ready: number;
  readonly running: number;
  readonly aborting: number;
  readonly waiting_subtasks: number;
  readonly running_subtasks: number;
  /** Unix seconds; 0 where nothing waits. */
  readonly oldest_waiting_since: number;
  readonly held_runs: number;
  /** 0 is no limit. */
  readonly concurrent_runs: number;
  readonly slots: number;
  readonly busy_slots: number;
}

/** What a chart of usage may show. */
export const usageMetrics = ['cost', 'rows', 'traffic', 'runs'] as const;
export type UsageMetric = (typeof usageMetrics)[number];

export type Bucket = 'hour' | 'day' | 'week' | 'month';

const statisticsKey = ['statistics'] as const;
const refreshMilliseconds = 15_000;
const activityMilliseconds = 3000;

/** The zone of the browser: what "today" means to the reader. */
export const readersTimezone = Intl.DateTimeFormat().resolvedOptions().timeZone;

interface SeriesWish {
  /** Unix seconds. */
  readonly from: number;
  /** Unix seconds; until now where left out. */
  readonly to?: number | undefined;
  readonly bucket: Bucket;
  readonly worker?: string | undefined;
}

export function runSeriesQuery({ from, to, bucket, worker }: SeriesWish) {
  return queryOptions({
    queryKey: [...statisticsKey, 'runs', { from, to, bucket, worker }],
    queryFn: ({ signal }) =>
      call<RunSeries>('/statistics/runs', {
        query: { from, to, bucket, timezone: readersTimezone, worker_id: worker },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMilliseconds,
  });
}

interface WorkersWish {
  readonly from: number;
  readonly to?: number | undefined;
  /** `-runs` */
  readonly sort?: string | undefined;
  readonly page?: number;
  readonly size?: number;
}

export function workerFiguresQuery({ from, to, sort, page = 1, size = 20 }: WorkersWish) {
  return queryOptions({
    queryKey: [...statisticsKey, 'workers', { from, to, sort, page, size }],
    queryFn: ({ signal }) =>
      call<Paged<WorkerFigures>>('/statistics/workers', {
        query: { from, to, sort, offset: page, limit: size },
        signal,
      }),
    placeholderData: keepPreviousData,
    refetchInterval: refreshMilliseconds,
  });
}

export const activityQuery = queryOptions({
  queryKey: [...statisticsKey, 'activity'],
  queryFn: ({ signal }) => call<Activity>('/statistics/activity', { signal }),
  refetchInterval: activityMilliseconds,
});
