/** One run: how it stands, its rows and its log while they arrive, and what can be done with it. */
import { Alert, Button, Group, Paper, SimpleGrid, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerStop, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isFinal, runQuery, useAbortRun, useRerun, type Run } from '../../api/runs.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatBytes, formatCount, formatDuration } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { ExportMenu } from './export-menu.tsx';
import { LogView } from './log-view.tsx';
import { ResultTable } from './result-table.tsx';

const route = getRouteApi('/frame/signed-in/runs/$runId');

function AbortButton({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts, common } = useTexts();
  const [isOpen, { open, close }] = useDisclosure();
  const abort = useAbortRun(run.slug);
  return (
    <>
      <Button
        variant="light"
        color="red"
        leftSection={<IconPlayerStop size={16} />}
        onClick={open}
        loading={run.status === 'aborting'}
      >
        {texts.abort}
      </Button>
      <Dialog opened={isOpen} onClose={close} title={texts.abortTitle}>
        <Stack>
          <Text size="sm">{texts.abortText}</Text>
          {abort.error !== null && <ErrorNotice error={abort.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {common.cancel}
            </Button>
            <Button
              color="red"
              loading={abort.isPending}
              onClick={() => abort.mutate(undefined, { onSuccess: close })}
            >
              {texts.abort}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}

function RerunButton({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts } = useTexts();
  const navigate = useNavigate();
  const rerun = useRerun(run.slug);
  return (
    <Button
      variant="default"
      leftSection={<IconRefresh size={16} />}
      loading={rerun.isPending}
      onClick={() =>
        rerun.mutate(undefined, {
          onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
        })
      }
    >
      {texts.rerun}
    </Button>
  );
}

function Figure({ label, children }: { readonly label: string; readonly children: ReactNode }): ReactNode {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} component="div">
        {children}
      </Text>
    </div>
  );
}

function Figures({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Paper withBorder p="md">
      <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }}>
        <Figure label={texts.results}>{formatCount(run.results, language)}</Figure>
        <Figure label={texts.started}>
          {run.started_at === 0 ? texts.notStarted : <Moment seconds={run.started_at} />}
        </Figure>
        <Figure label={texts.duration}>{formatDuration(run.duration)}</Figure>
        <Figure label={texts.traffic}>{formatBytes(run.traffic, language)}</Figure>
        <Figure label={texts.usage}>{run.usage}</Figure>
        <Figure label={texts.origin}>{texts.origins[run.origin] ?? run.origin}</Figure>
      </SimpleGrid>
    </Paper>
  );
}

/** Why it waits or failed, in words, with the next step. */
function Explanation({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts } = useTexts();
  if (run.status === 'ready') {
    return (
      <Alert color="gray" title={texts.waitingTitle}>
        {texts.waitingText}
      </Alert>
    );
  }
  if (run.err_msg === '') return null;
  const isFailed = run.status === 'failed';
  return (
    <Alert color={isFailed ? 'red' : 'orange'} title={isFailed ? texts.failedTitle : texts.partlyFailedTitle}>
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {run.err_msg}
      </Text>
      {isFailed && (
        <Text size="sm" c="dimmed" mt={4}>
          {texts.failedNext}
        </Text>
      )}
    </Alert>
  );
}

function RunContent({ run }: { readonly run: Run }): ReactNode {
  const { runs: texts } = useTexts();
  const { tab = 'results' } = route.useSearch();
  const navigate = route.useNavigate();
  const isLive = !isFinal(run.status);
  return (
    <div>
      <PageHeader
        title={run.scraper_title}
        description={
          <Group gap="xs" mt={4}>
            <StatusBadge status={run.status} />
            <AnchorLink to="/workers/$workerId" params={{ workerId: run.scraper_slug }} size="sm">
              {run.version}
            </AnchorLink>
            <Text size="xs" ff="monospace">
              {run.slug}
            </Text>
          </Group>
        }
        actions={
          <>
            <ExportMenu slug={run.slug} isEmpty={run.results === 0} />
            {isLive ? <AbortButton run={run} /> : <RerunButton run={run} />}
          </>
        }
      />
      <Stack>
        <Explanation run={run} />
        <Figures run={run} />
        <Tabs
          value={tab}
          onChange={(value) =>
            void navigate({ search: value === 'log' ? { tab: 'log' } : {}, replace: true })
          }
          keepMounted={false}
        >
          <Tabs.List>
            <Tabs.Tab value="results">{texts.resultsTab}</Tabs.Tab>
            <Tabs.Tab value="log">{texts.logTab}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="results" pt="md">
            <ResultTable slug={run.slug} isLive={isLive} />
          </Tabs.Panel>
          <Tabs.Panel value="log" pt="md">
            <LogView slug={run.slug} isLive={isLive} />
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
