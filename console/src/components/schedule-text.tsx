/** The schedule of a task in words, with its time zone if that is not the reader's. */
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { readersTimezone } from '../api/statistics.ts';
import { kindOf, type Task } from '../api/tasks.ts';
import { useTexts } from '../texts/texts.tsx';

export function ScheduleText({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const kind = task.schedule_enabled === 1 ? kindOf(task.schedule_type) : undefined;
  if (kind === undefined) return texts.none;
  const zone = task.schedule_timezone;
  return (
    <>
      {texts.at(texts.kinds[kind], task.schedule_time)}
      {zone !== '' && zone !== readersTimezone && (
        <Text size="xs" c="dimmed">
          {zone}
        </Text>
      )}
    </>
  );
}
