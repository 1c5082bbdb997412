/** An overview of the account's runs: today's figures, charts, recent runs and workers, recent failures, upcoming times. */
import { Grid, SegmentedControl, SimpleGrid, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { firstStepsQuery } from '../../api/first-steps.ts';
import { runsQuery } from '../../api/runs.ts';
import { runSeriesQuery } from '../../api/statistics.ts';
import { DurationChart } from '../../components/charts/duration-chart.tsx';
import { OutcomeChart } from '../../components/charts/outcome-chart.tsx';
import { overviewRanges, rangeOf, type OverviewRange } from '../../components/charts/time-range.ts';
import { useNow } from '../../components/charts/use-now.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { areOpen, FirstSteps } from './first-steps.tsx';
import { LastFailures, NextTicks, RecentRuns } from './run-lists.tsx';
import { StartRun } from './start-run.tsx';
import { TodayFigures } from './today-figures.tsx';
import { WorkerRates } from './worker-rates.tsx';

const route = getRouteApi('/frame/signed-in/');

function Charts({ range }: { readonly range: OverviewRange }): ReactNode {
  const { from, bucket } = rangeOf(range, useNow());
  const { data, error, refetch } = useQuery(runSeriesQuery({ from, bucket }));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={300} />;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <OutcomeChart list={data.list} bucket={bucket} />
      <DurationChart list={data.list} bucket={bucket} />
    </SimpleGrid>
  );
}

function Content({ range }: { readonly range: OverviewRange }): ReactNode {
  const { from } = rangeOf(range, useNow());
  return (
    <Stack>
      <TodayFigures range={range} />
      <Charts range={range} />
      <Grid>
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Stack>
            <RecentRuns />
            <LastFailures />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Stack>
            <StartRun from={from} />
            <WorkerRates from={from} />
            <NextTicks />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

export function OverviewPage(): ReactNode {
  const { overview: texts } = useTexts();
  const { range = '7d' } = route.useSearch();
  const navigate = route.useNavigate();
  const runs = useQuery(runsQuery({ page: 1, size: 1 }));
  const steps = useQuery(firstStepsQuery);
  // Without a run there is nothing to show but the steps.
  const isFresh = runs.data?.count === 0;
  const error = runs.error ?? steps.error;
  const isReady = runs.data !== undefined && (steps.data !== undefined || steps.error !== null);
  const retry = (): void => {
    void runs.refetch();
    void steps.refetch();
  };
  return (
    <div>
      <PageHeader
        title={isFresh ? texts.freshTitle : texts.title}
        description={isFresh ? texts.freshText : undefined}
        actions={
          isReady &&
          !isFresh && (
            <SegmentedControl
              aria-label={texts.range}
              size="xs"
              value={range}
              onChange={(value) => void navigate({ search: { range: value }, replace: true })}
              data={overviewRanges.map((value) => ({ value, label: texts.ranges[value] }))}
            />
          )
        }
      />
      {error !== null && <ErrorNotice error={error} onRetry={retry} />}
      {!isReady && error === null && <Skeleton h={480} />}
      {isReady && steps.data !== undefined && areOpen(steps.data) && <FirstSteps steps={steps.data} />}
      {isReady && isFresh && steps.data !== undefined && !areOpen(steps.data) && (
        <EmptyState title={texts.noRunsYet}>{texts.noRunsYetText}</EmptyState>
      )}
      {isReady && !isFresh && <Content range={range} />}
    </div>
  );
}
