/** Upcoming scheduled times of the account. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { ScheduleTicks } from '../../../src/answers/schedules.ts';
import { call } from './client.ts';

export type { ScheduleTick } from '../../../src/answers/schedules.ts';

/** @param from Unix seconds; now if omitted @param to a week after `from` if omitted */
export function scheduleTicksQuery(limit: number, from?: number, to?: number) {
  return queryOptions({
    queryKey: ['schedule-ticks', { limit, from, to }],
    queryFn: ({ signal }) => call<ScheduleTicks>('/schedule-ticks', { query: { limit, from, to }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}
