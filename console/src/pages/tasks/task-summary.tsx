/** The state of a task at a glance: its schedule, its next and last run. */
import { Paper, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { runsQuery } from '../../api/runs.ts';
import type { Task } from '../../api/tasks.ts';
import { Figure } from '../../components/figure.tsx';
import { formatCount } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { ScheduleText } from '../../components/schedule-text.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

function LastRun({ task }: { readonly task: Task }): ReactNode {
  const { runs } = useTexts();
  const { data } = useQuery(runsQuery({ task: task.slug, sort: '-created_at', page: 1 }));
  const [run] = data?.list ?? [];
  if (run === undefined) return runs.notStarted;
  return (
    <>
      <StatusBadge run={run} />{' '}
      <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} size="sm">
        {run.started_at === 0 ? runs.notStarted : <Moment seconds={run.started_at} />}
      </AnchorLink>
    </>
  );
}

export function TaskSummary({ task }: { readonly task: Task }): ReactNode {
  const { tasks: texts } = useTexts();
  const { language } = useLanguage();
  const missedTick = task.schedule_last_message;
  return (
    <Paper withBorder p="md">
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <Figure label={texts.schedule}>
          <ScheduleText task={task} />
        </Figure>
        <Figure label={texts.next}>
          {task.schedule_next_at === 0 ? '–' : <Moment seconds={task.schedule_next_at} />}
        </Figure>
        <Figure label={texts.lastRun}>
          <LastRun task={task} />
        </Figure>
        <Figure label={texts.runs}>{formatCount(task.run_times, language)}</Figure>
      </SimpleGrid>
      {missedTick !== '' && (
        <Text size="sm" c="dimmed">
          {texts.lastTick(missedTick)}
        </Text>
      )}
    </Paper>
  );
}
