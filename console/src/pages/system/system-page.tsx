/** The state of the installation, for its operator. */
import { Grid, Progress, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { systemQuery, type System } from '../../api/system.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { FigureCard } from '../../components/figure-card.tsx';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Panel } from '../../components/panel.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { JobTable, QueueTable, RunnerTable, TableSizes } from './system-tables.tsx';

function Figures({ system }: { readonly system: System }): ReactNode {
  const { system: texts } = useTexts();
  const { language } = useLanguage();
  const { runners, queue, database } = system;
  const slots = runners
    .filter(({ is_alive: isAlive }) => isAlive)
    .reduce((sum, runner) => sum + runner.slots, 0);
  const count = (value: number): string => formatCount(value, language);
  return (
    <SimpleGrid cols={{ base: 2, md: 3 }}>
      <FigureCard
        label={texts.version}
        value={system.version}
        note={texts.versionNote(system.node_version.replace('v', ''), database.version)}
      />
      <FigureCard
        label={texts.uptime}
        value={<Moment seconds={system.started_at} />}
        note={system.hostname}
      />
      <FigureCard
        label={texts.slots}
        value={texts.slotsOf(count(queue.running_subtasks), count(slots))}
        note={`${texts.runners}: ${count(runners.length)}`}
      />
      <FigureCard
        label={texts.queueDepth}
        value={count(queue.waiting_subtasks)}
        note={
          queue.oldest_waiting_since === 0 ? (
            texts.noneWaits
          ) : (
            <>
              {texts.oldest}: <Moment seconds={queue.oldest_waiting_since} />
            </>
          )
        }
      />
      <FigureCard
        label={texts.database}
        value={formatBytes(database.size, language)}
        note={texts.databaseNote(
          database.is_embedded ? texts.embedded : texts.external,
          count(database.connections),
        )}
      />
      <FigureCard
        label={texts.sandbox}
        value={system.sandbox}
        note={texts.sandboxNote[system.sandbox] ?? ''}
      />
    </SimpleGrid>
  );
}

/** A disk that is fuller than this share shows a warning. */
const fullShare = 0.9;

function Disks({ system }: { readonly system: System }): ReactNode {
  const { system: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Panel title={texts.disks}>
      <Stack>
        {system.disks.map(({ folder, path, total, free }) => {
          const share = total === 0 ? 0 : (total - free) / total;
          return (
            <div key={folder}>
              <Text size="sm" fw={500}>
                {texts.folders[folder]}
              </Text>
              <Text size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                {path}
              </Text>
              <Progress
                my={6}
                value={share * 100}
                color={share > fullShare ? 'red' : 'teal'}
                aria-label={`${texts.folders[folder]}: ${texts.diskFree(formatBytes(free, language))}`}
              />
              <Text size="xs" c="dimmed">
                {texts.diskUsed(formatBytes(total - free, language), formatBytes(total, language))} ·{' '}
                {texts.diskFree(formatBytes(free, language))}
              </Text>
            </div>
          );
        })}
        <div>
          <Text size="sm" fw={500}>
            {texts.machine}
          </Text>
          <Text size="xs" c="dimmed">
            {system.operating_system},{' '}
            {texts.machineNote(system.processors, formatBytes(system.memory, language))}
          </Text>
        </div>
      </Stack>
    </Panel>
  );
}

export function SystemPage(): ReactNode {
  const { system: texts } = useTexts();
  const { data, error, refetch } = useQuery(systemQuery);
  return (
    <div>
      <PageHeader title={texts.title} description={data !== undefined && texts.text(data.hostname)} />
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton h={480} />}
      {data !== undefined && (
        <Stack>
          <Figures system={data} />
          <RunnerTable runners={data.runners} />
          <Grid>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <Stack>
                <QueueTable accounts={data.queue.accounts} />
                <JobTable jobs={data.jobs} />
              </Stack>
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <Stack>
                <Disks system={data} />
                <TableSizes tables={data.database.tables} />
              </Stack>
            </Grid.Col>
          </Grid>
        </Stack>
      )}
    </div>
  );
}
