/** One run: its state, its parts as they arrive, and its actions. */
import { Group, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isFinished, runQuery, runTabs, type Run, type RunTab } from '../../api/runs.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import type { RunPageSearch } from '../../search.ts';
import { useTexts } from '../../texts/texts.tsx';
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

const route = getRouteApi('/frame/signed-in/runs/$runId');

function Header({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  return (
    <PageHeader
      title={run.scraper_title}
      description={
        <Group gap="xs" mt={4}>
          <output>
            <StatusBadge run={run} />
          </output>
          <AnchorLink to="/workers/$workerId" params={{ workerId: run.scraper_slug }} size="sm">
            {run.version}
          </AnchorLink>
          {run.task_slug !== '' && (
            <AnchorLink to="/tasks/$taskId" params={{ taskId: run.task_slug }} size="sm">
              {texts.ofTask(run.task_title)}
            </AnchorLink>
          )}
          <Text size="xs" ff="monospace">
            {run.slug}
          </Text>
        </Group>
      }
      actions={<RunActions run={run} />}
    />
  );
}

function RunContent({ run }: { readonly run: Run }): ReactNode {
  const { run: texts } = useTexts();
  const { tab = 'results', subtask, status, find } = route.useSearch();
  const navigate = route.useNavigate();
  const isLive = !isFinished(run.status);
  const show = (next: RunTab, part: Omit<RunPageSearch, 'tab'> = {}): void => {
    const search = { ...(next !== 'results' && { tab: next }), ...part };
    void navigate({ search, replace: true, resetScroll: false });
  };
  return (
    <div>
      <Header run={run} />
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
            <ResultsPanel run={run} />
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
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  return <Skeleton h="70vh" />;
}
