/** The next times of a schedule that is being edited, in its own zone. */
import { Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { schedulePreviewQuery } from '../../api/schedule-preview.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { timingOf, type EditedSchedule } from './edited-schedule.ts';

const typingMilliseconds = 250;
const shownTimes = 5;

export function NextTimes({ edited }: { readonly edited: EditedSchedule }): ReactNode {
  const { tasks: texts } = useTexts();
  const { language } = useLanguage();
  const [timing] = useDebouncedValue(timingOf(edited), typingMilliseconds);
  const { data, error } = useQuery(schedulePreviewQuery(timing));
  const format = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: data?.timezone,
  });
  return (
    // As high as with all times, so that nothing moves while the schedule is edited.
    <Stack gap={2} mih={`${(shownTimes + 1) * 1.5}rem`} aria-live="polite">
      <Text size="sm" fw={500}>
        {data === undefined ? texts.nextTimes : texts.nextTimesIn(data.timezone)}
      </Text>
      {error === null ? (
        data?.times.map((seconds) => (
          <Text key={seconds} size="sm">
            {format.format(seconds * 1000)}
          </Text>
        ))
      ) : (
        <Text size="sm" c="dimmed">
          {error.message}
        </Text>
      )}
    </Stack>
  );
}
