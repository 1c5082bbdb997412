/** The time zone of schedules that have none of their own. */
import { Paper, Select, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { accountTimezoneQuery, useAccountTimezone } from '../../api/schedule-preview.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { timezoneChoices } from '../../components/timezones.ts';
import { useTexts } from '../../texts/texts.tsx';

export function TimezonePanel(): ReactNode {
  const { account: texts } = useTexts();
  const { data, error } = useQuery(accountTimezoneQuery);
  const save = useAccountTimezone();
  const problem = error ?? save.error;
  const current = data?.timezone;
  return (
    <Paper withBorder p="lg" component="section">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h4">
          {texts.timezoneTitle}
        </Title>
        <Text size="sm">{texts.timezoneText}</Text>
        {problem !== null && <ErrorNotice error={problem} />}
        <Select
          aria-label={texts.timezoneTitle}
          data={timezoneChoices(current ?? '')}
          value={current ?? null}
          searchable
          allowDeselect={false}
          limit={50}
          w={280}
          disabled={data === undefined || save.isPending}
          onChange={(value) => {
            if (value === null) return;
            save.mutate(value, {
              onSuccess: () => notifications.show({ color: 'teal', message: texts.timezoneSaved(value) }),
            });
          }}
        />
      </Stack>
    </Paper>
  );
}
