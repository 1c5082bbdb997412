/** The schedule of a task in words, with its time zone. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { accountTimezoneQuery } from '../api/schedule-preview.ts';
import { kindOf, type Task } from '../api/tasks.ts';
import { useLanguage, useTexts } from '../texts/texts.tsx';
import { weekdayName } from './weekdays.ts';

/** When it runs, without the zone; undefined if it is disabled. */
function useTiming(task: Task): string | undefined {
  const { tasks: texts } = useTexts();
  const { language } = useLanguage();
  const kind = task.schedule_enabled === 1 ? kindOf(task.schedule_type) : undefined;
  switch (kind) {
    case undefined:
      return undefined;
    case 'daily':
      return texts.at(texts.kinds.daily, task.schedule_time);
    case 'weekly':
      return texts.at(texts.onWeekday(weekdayName(task.schedule_weekday, language)), task.schedule_time);
    case 'monthly':
      return texts.at(texts.onDay(task.schedule_day), task.schedule_time);
    case 'once':
      return texts.at(texts.onDate(task.schedule_once_date), task.schedule_time);
    default:
      return kind satisfies never;
  }
}

export function ScheduleText({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const timing = useTiming(task);
  const { data: account } = useQuery({
    ...accountTimezoneQuery,
    enabled: timing !== undefined && task.schedule_timezone === '',
  });
  if (timing === undefined) return texts.none;
  return (
    <>
      {timing}
      <Text size="xs" c="dimmed">
        {task.schedule_timezone || account?.timezone}
      </Text>
    </>
  );
}
