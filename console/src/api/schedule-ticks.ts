/** Coming ticks of the account's schedules. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';

export interface ScheduleTick {
  /** Unix seconds. */
  readonly at: number;
  readonly task_slug: string;
  readonly task_title: string;
  /** Empty where the worker is gone. */
  readonly worker_path: string;
  readonly worker_title: string;
  /** HH:mm in `timezone`. */
  readonly schedule_time: string;
  readonly timezone: string;
  /** Other tasks with a tick at the same minute. */
  readonly clashes: number;
  readonly exceeds_plan: boolean;
}

interface Ticks {
  /** Those beyond the limit too. */
  readonly count: number;
  readonly list: readonly ScheduleTick[];
}

/** @param from Unix seconds; now where left out @param to a week later where left out */
export function scheduleTicksQuery(limit: number, from?: number, to?: number) {
  return queryOptions({
    queryKey: ['schedule-ticks', { limit, from, to }],
    queryFn: ({ signal }) => call<Ticks>('/schedule-ticks', { query: { limit, from, to }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}
