/** Statistics of the account's runs: over time, by worker, and what is going on now. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Paged } from '../../../src/answers/pages.ts';
import type { Activity, RunSeries, WorkerFigures } from '../../../src/answers/statistics.ts';
import type { BucketSize } from '../../../src/statistics/bucket-sizes.ts';
import { call } from './client.ts';

export type { Activity, RunBucket, RunFigures, WorkerFigures } from '../../../src/answers/statistics.ts';
export type { BucketSize } from '../../../src/statistics/bucket-sizes.ts';

/** Metrics that the usage chart can show. */
export const usageMetrics = ['cost', 'rows', 'traffic', 'runs'] as const;
export type UsageMetric = (typeof usageMetrics)[number];

const statisticsKey = ['statistics'] as const;
const refreshMilliseconds = 15_000;
const activityMilliseconds = 3000;

/** The browser's time zone, which defines "today" for the reader. */
export const readersTimezone = Intl.DateTimeFormat().resolvedOptions().timeZone;

interface SeriesOptions {
  /** Unix seconds. */
  readonly from: number;
  /** Unix seconds; now if omitted. */
  readonly to?: number | undefined;
  readonly bucket: BucketSize;
  readonly worker?: string | undefined;
}

export function runSeriesQuery({ from, to, bucket, worker }: SeriesOptions) {
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

interface WorkerFiguresOptions {
  readonly from: number;
  readonly to?: number | undefined;
  /** `-runs` */
  readonly sort?: string | undefined;
  readonly page?: number;
  readonly size?: number;
}

export function workerFiguresQuery({ from, to, sort, page = 1, size = 20 }: WorkerFiguresOptions) {
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
