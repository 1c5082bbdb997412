/** The next times of a schedule that is being edited, and the time zone of the account. */
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { SchedulePreview, Timezone } from '../../../src/answers/schedules.ts';
import { call } from './client.ts';
import type { Schedule } from './tasks.ts';

export type TimedSchedule = Omit<
  Partial<Schedule>,
  'schedule_enabled' | 'schedule_overlap' | 'schedule_missed'
>;

export function schedulePreviewQuery(schedule: TimedSchedule) {
  return queryOptions({
    queryKey: ['schedule-preview', schedule],
    queryFn: ({ signal }) => call<SchedulePreview>('/schedule-ticks/preview', { body: schedule, signal }),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

const timezonePath = '/users/account/timezone';

export const accountTimezoneQuery = queryOptions({
  queryKey: ['account-timezone'],
  queryFn: ({ signal }) => call<Timezone>(timezonePath, { signal }),
  staleTime: 60_000,
});

/** Sets the time zone of schedules that have none of their own; empty for the installation's. */
export function useAccountTimezone() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (timezone: string) => call<Timezone>(timezonePath, { method: 'PUT', body: { timezone } }),
    onSuccess: () => client.invalidateQueries(),
  });
}
