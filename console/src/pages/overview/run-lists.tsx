/** Recent runs, recent failures and upcoming scheduled times. */
import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { runsQuery, type Run } from '../../api/runs.ts';
import { scheduleTicksQuery } from '../../api/schedule-ticks.ts';
import { headlineText } from '../../components/ends.ts';
import { formatCount, formatDuration } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { Panel } from '../../components/panel.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import classes from './overview.module.css';

const shown = 5;
const recentRunsShown = 8;

function RunLink({ run }: { readonly run: Run }): ReactNode {
  return (
    <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} size="sm" fw={500}>
      {run.scraper_title}
    </AnchorLink>
  );
}

function None({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <Text size="sm" c="dimmed" py="xs">
      {children}
    </Text>
  );
}

function RunLine({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Group justify="space-between" gap="xs" className={classes['line']}>
      <Group gap="xs">
        <StatusBadge run={run} />
        <RunLink run={run} />
      </Group>
      <Text size="sm" c="dimmed" component="span" className={classes['figures']}>
        {texts.rowCount(run.results, formatCount(run.results, language))} · {formatDuration(run.duration)}
        {run.started_at > 0 && (
          <>
            {' · '}
            <Moment seconds={run.started_at} />
          </>
        )}
      </Text>
    </Group>
  );
}

/** The newest runs, and before them those that are still running, however old they are. */
export function RecentRuns(): ReactNode {
  const { overview: texts } = useTexts();
  const running = useQuery(runsQuery({ state: 'running', page: 1, size: shown }));
  const newest = useQuery(runsQuery({ page: 1, size: recentRunsShown }));
  const runs = new Map(
    [...(running.data?.list ?? []), ...(newest.data?.list ?? [])].map((run) => [run.slug, run]),
  );
  return (
    <Panel
      title={texts.recentRuns}
      actions={
        <AnchorLink to="/runs" size="sm">
          {texts.toRuns}
        </AnchorLink>
      }
    >
      <Stack gap="xs">
        {[...runs.values()].slice(0, recentRunsShown).map((run) => (
          <RunLine key={run.slug} run={run} />
        ))}
      </Stack>
    </Panel>
  );
}

export function LastFailures(): ReactNode {
  const texts = useTexts();
  const { language } = useLanguage();
  const { data } = useQuery(runsQuery({ state: 'failed', page: 1, size: shown }));
  return (
    <Panel
      title={texts.overview.lastFailures}
      actions={
        <AnchorLink to="/runs" search={{ status: 'failed' }} size="sm">
          {texts.overview.toFailures}
        </AnchorLink>
      }
    >
      {data?.count === 0 && <None>{texts.overview.noFailures}</None>}
      <Stack gap="xs">
        {data?.list.map((run) => (
          <div key={run.slug} className={classes['line']}>
            <Group justify="space-between" gap="xs">
              <RunLink run={run} />
              <Text size="xs" c="dimmed" component="span">
                <Moment seconds={run.finished_at} />
              </Text>
            </Group>
            <Text size="sm" c="dimmed" lineClamp={2}>
              {headlineText(run, { texts, language })}
            </Text>
          </div>
        ))}
      </Stack>
    </Panel>
  );
}

export function NextTicks(): ReactNode {
  const { overview: texts } = useTexts();
  const { language } = useLanguage();
  const { data } = useQuery(scheduleTicksQuery(shown));
  const format = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (
    <Panel
      title={texts.nextTicks}
      actions={
        <AnchorLink to="/schedules" size="sm">
          {texts.toSchedules}
        </AnchorLink>
      }
    >
      {data?.count === 0 && <None>{texts.noTicks}</None>}
      <Stack gap="xs">
        {data?.list.map((tick) => (
          <Group
            key={`${tick.task_slug} ${tick.at}`}
            justify="space-between"
            gap="xs"
            className={classes['line']}
          >
            <Text size="sm">{tick.task_title}</Text>
            <Text size="sm" c="dimmed" component="span">
              {format.format(new Date(tick.at * 1000))} · <Moment seconds={tick.at} />
            </Text>
          </Group>
        ))}
      </Stack>
    </Panel>
  );
}
