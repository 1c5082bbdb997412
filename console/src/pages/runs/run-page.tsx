/** One run: its state, its parts as they arrive, and its actions. */
import { Group, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, type ReactNode } from 'react';
import { rowQueryOf, type RowQuery } from '../../api/row-queries.ts';
import { isFinished, runQuery, runTabs, type Run, type RunTab } from '../../api/runs.ts';
import { stateOf } from '../../api/run-states.ts';
import { headlineText } from '../../components/ends.ts';
import { PageError } from '../../components/page-error.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { RunMarks } from '../../components/run-marks.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { RunPageSearch } from '../../search.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { CallbacksPanel } from './callbacks-panel.tsx';
import { FilesPanel } from './files-panel.tsx';
import { InputPanel } from './input-panel.tsx';
import { LogPanel } from './log/log-panel.tsx';
import { NetworkPanel } from './network-panel.tsx';
import { ResultsPanel } from './results/results-panel.tsx';
import { RunActions } from './run-actions.tsx';
import { RunExplanation } from './run-explanation.tsx';
import { RunFigures } from './run-figures.tsx';
import { SubtasksPanel } from './subtasks-panel.tsx';
import classes from './run-page.module.css';
import { UsagePanel } from './usage-panel.tsx';

/** Browsers show only the start of a tab's title. */
const maxTabTitle = 80;

const route = getRouteApi('/frame/signed-in/runs/$runId');

function Header({ run, query }: { readonly run: Run; readonly query: RowQuery }): ReactNode {
  const texts = useTexts();
  const { language } = useLanguage();
  const state = stateOf(run);
  const hasFailed = state === 'failed' || state === 'partly_failed';
  const reason = hasFailed ? headlineText(run, { texts, language }) : '';
  return (
    <PageHeader
      title={run.scraper_title}
      tabTitle={`${reason === '' ? texts.common.status[state] : reason.slice(0, maxTabTitle)} · ${run.scraper_title}`}
      description={
        <Group gap="xs" mt={4}>
          {/* A badge that moves is taller than one that does not. */}
          <output className={classes['status']}>
            <StatusBadge run={run} />
          </output>
          <AnchorLink to="/workers/$workerId" params={{ workerId: run.scraper_slug }} size="sm">
            {run.version}
          </AnchorLink>
          {run.task_slug !== '' && (
            <AnchorLink to="/tasks/$taskId" params={{ taskId: run.task_slug }} size="sm">
              {texts.run.ofTask(run.task_title)}
            </AnchorLink>
          )}
          <Text size="xs" ff="monospace">
            {run.slug}
          </Text>
          <RunMarks run={run} />
        </Group>
      }
      actions={<RunActions run={run} query={query} />}
    />
  );
}

function RunContent({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const address = route.useSearch();
  const { tab = 'results', subtask, status, find, row } = address;
  const name = JSON.stringify(rowQueryOf(address));
  const query = useMemo(() => JSON.parse(name) as RowQuery, [name]);
  const navigate = route.useNavigate();
  const isLive = !isFinished(run.status);
  const show = (next: RunTab, part: Omit<RunPageSearch, 'tab'> = {}): void => {
    const search = { ...query, ...(next !== 'results' && { tab: next }), ...part };
    void navigate({ search, replace: true, resetScroll: false });
  };
  return (
    <div>
      <Header run={run} query={query} />
      <Stack gap="sm">
        <RunExplanation run={run} onShow={show} />
        <RunFigures run={run} />
        <Tabs
          value={tab}
          onChange={(value) => show(runTabs.find((known) => known === value) ?? 'results')}
          keepMounted={false}
        >
          <div className={classes['tabs']}>
            <Tabs.List style={{ flexWrap: 'nowrap' }} aria-label={texts.tabList}>
              {runTabs.map((name) => (
                <Tabs.Tab key={name} value={name}>
                  {texts.tabs[name]}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          </div>
          <Tabs.Panel value="results" pt="sm">
            <ResultsPanel
              run={run}
              query={query}
              opened={row}
              onQuery={(search, { replace }) => void navigate({ search, replace, resetScroll: false })}
              onOpened={(number) =>
                void navigate({
                  search: { ...query, ...(number !== undefined && { row: number }) },
                  replace: number !== undefined && row !== undefined,
                  resetScroll: false,
                })
              }
            />
          </Tabs.Panel>
          <Tabs.Panel value="files" pt="sm">
            <FilesPanel slug={run.slug} isLive={isLive} />
          </Tabs.Panel>
          <Tabs.Panel value="log" pt="sm">
            <LogPanel
              // Other words start a new search.
              key={find}
              slug={run.slug}
              isLive={isLive}
              startsAtEnd={isLive || run.status === 'failed'}
              find={find}
              subtask={subtask}
              onSubtask={(number) => show('log', { subtask: number, find })}
            />
          </Tabs.Panel>
          <Tabs.Panel value="subtasks" pt="sm">
            <SubtasksPanel
              slug={run.slug}
              isLive={isLive}
              status={status}
              onStatus={(value) => show('subtasks', { status: value })}
              onLog={(number) => show('log', { subtask: number })}
            />
          </Tabs.Panel>
          <Tabs.Panel value="network" pt="sm">
            <NetworkPanel slug={run.slug} isLive={isLive} />
          </Tabs.Panel>
          <Tabs.Panel value="input" pt="sm">
            <InputPanel run={run} />
          </Tabs.Panel>
          <Tabs.Panel value="usage" pt="sm">
            <UsagePanel slug={run.slug} isLive={isLive} />
          </Tabs.Panel>
          <Tabs.Panel value="callbacks" pt="sm">
            <CallbacksPanel slug={run.slug} isLive={isLive} />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </div>
  );
}

export function RunPage(): ReactNode {
  const { runId } = route.useParams();
  const { data: run, error, refetch } = useQuery(runQuery(runId));
  if (run !== undefined) return <RunContent key={run.slug} run={run} />;
  if (error !== null) return <PageError error={error} onRetry={() => void refetch()} list="runs" />;
  return <Skeleton h="70vh" />;
}
