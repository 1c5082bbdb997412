/** Usage and cost of runs: over time, by kind, by worker; plan and balance. The URL holds all choices. */
import { SegmentedControl, Select, SimpleGrid, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { accountDetailsQuery } from '../../api/account.ts';
import { runSeriesQuery, usageMetrics, type RunFigures, type UsageMetric } from '../../api/statistics.ts';
import { formatAmount } from '../../components/amounts.ts';
import { rangeNames, rangeOf, type RangeName } from '../../components/charts/time-range.ts';
import { useNow } from '../../components/charts/use-now.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { FigureCard } from '../../components/figure-card.tsx';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { Moment } from '../../components/moment.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { WorkerSelect } from '../../components/worker-select.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { UsageChart } from './usage-chart.tsx';
import { WorkerUsage } from './worker-usage.tsx';

const route = getRouteApi('/frame/signed-in/usage');

function Totals({ totals }: { readonly totals: RunFigures | undefined }): ReactNode {
  const { usage: texts, overview } = useTexts();
  const { language } = useLanguage();
  const { data: account } = useQuery(accountDetailsQuery);
  const show = (text: (figures: RunFigures) => string): string => (totals === undefined ? '…' : text(totals));
  const planRuns = account?.concurrent_runs ?? 0;
  return (
    <SimpleGrid cols={{ base: 2, md: 3, lg: 6 }}>
      <FigureCard label={texts.cost} value={show(({ usage }) => formatAmount(usage, language))} />
      <FigureCard
        label={texts.runs}
        value={show(({ runs }) => formatCount(runs, language))}
        note={show(({ succeeded, failed, aborted }) =>
          overview.endedNote(
            formatCount(succeeded, language),
            formatCount(failed, language),
            formatCount(aborted, language),
          ),
        )}
      />
      <FigureCard label={texts.rows} value={show(({ results }) => formatCount(results, language))} />
      <FigureCard
        label={texts.traffic}
        value={show(({ traffic }) => formatBytes(traffic, language))}
        note={
          Number(totals?.memory ?? 0) > 0 &&
          `${texts.memory}: ${texts.memoryUnit(formatAmount(totals?.memory ?? 0, language))}`
        }
      />
      <FigureCard
        label={texts.balance}
        value={account === undefined ? '…' : formatAmount(account.balance, language)}
        note={
          account !== undefined &&
          (account.balance_expiration_at > 0 ? (
            <>
              {texts.expires} <Moment seconds={account.balance_expiration_at} />
            </>
          ) : account.is_prepaid ? (
            texts.prepaid
          ) : (
            texts.notPrepaid
          ))
        }
      />
      <FigureCard
        label={texts.plan}
        value={account?.plan ?? '…'}
        note={planRuns > 0 ? texts.planRuns(formatCount(planRuns, language)) : texts.planUnlimited}
      />
    </SimpleGrid>
  );
}

/** All ranges at a glance if there is room. */
function RangeChoice({
  value,
  onChange,
}: {
  readonly value: RangeName;
  readonly onChange: (range: RangeName) => void;
}): ReactNode {
  const { overview: texts } = useTexts();
  const data = rangeNames.map((name) => ({ value: name, label: texts.ranges[name] }));
  return (
    <>
      <SegmentedControl
        visibleFrom="md"
        size="xs"
        aria-label={texts.range}
        data={data}
        value={value}
        onChange={onChange}
      />
      <Select
        hiddenFrom="md"
        w={150}
        aria-label={texts.range}
        data={data}
        value={value}
        allowDeselect={false}
        onChange={(name) => {
          if (name !== null) onChange(name);
        }}
      />
    </>
  );
}

export function UsagePage(): ReactNode {
  const { usage: texts } = useTexts();
  const { range = '7d', worker, metric, sort = '-runs', page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const time = rangeOf(range, useNow());
  const { data, error, refetch } = useQuery(runSeriesQuery({ ...time, worker }));
  const isFree = data !== undefined && Number(data.totals.usage) === 0;
  // A chart of costs would be empty on an installation without prices.
  const shown: UsageMetric = metric ?? (isFree ? 'rows' : 'cost');
  return (
    <div>
      <PageHeader
        title={texts.title}
        description={texts.text}
        actions={
          <>
            <WorkerSelect
              value={worker}
              onChange={(next) =>
                void navigate({ search: (before) => ({ ...before, worker: next, page: undefined }) })
              }
            />
            <RangeChoice
              value={range}
              onChange={(value) =>
                void navigate({ search: (before) => ({ ...before, range: value, page: undefined }) })
              }
            />
          </>
        }
      />
      <Stack>
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        <Totals totals={data?.totals} />
        {data === undefined ? (
          <Skeleton h={300} />
        ) : (
          <UsageChart
            list={data.list}
            bucket={time.bucket}
            metric={shown}
            actions={
              <SegmentedControl
                aria-label={texts.metric}
                size="xs"
                value={shown}
                data={usageMetrics.map((value) => ({
                  value,
                  label: texts.metrics[value],
                }))}
                onChange={(value) =>
                  void navigate({
                    search: (before) => ({ ...before, metric: value }),
                    replace: true,
                  })
                }
              />
            }
          />
        )}
        {worker === undefined && (
          <WorkerUsage
            range={time}
            sort={sort}
            page={page}
            onSort={(next) =>
              void navigate({
                search: (before) => ({ ...before, sort: next, page: undefined }),
                replace: true,
              })
            }
            onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
          />
        )}
      </Stack>
    </div>
  );
}
