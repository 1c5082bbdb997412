/** Cost by kind, rows, traffic or runs over time. */
import type { ReactNode } from 'react';
import type { BucketSize, RunBucket, UsageMetric } from '../../api/statistics.ts';
import { formatAmount } from '../../components/amounts.ts';
import { ChartPanel, type ChartSeries } from '../../components/charts/chart.tsx';
import { bucketLabel } from '../../components/charts/time-range.ts';
import { formatBytes, formatCount } from '../../components/figures.ts';
import { useLanguage, useTexts, type Texts } from '../../texts/texts.tsx';

interface UsageChartProps {
  readonly list: readonly RunBucket[];
  readonly bucket: BucketSize;
  readonly metric: UsageMetric;
  readonly actions: ReactNode;
}

interface Metric {
  readonly series: (texts: Texts) => readonly ChartSeries[];
  readonly values: (bucket: RunBucket) => Readonly<Record<string, number>>;
  readonly format: (value: number, language: string) => string;
}

const metrics: Readonly<Record<UsageMetric, Metric>> = {
  cost: {
    series: ({ usage }) => [
      { name: 'results', label: usage.kinds.results, color: 'blue.6' },
      { name: 'memory', label: usage.kinds.memory, color: 'grape.6' },
      { name: 'cpu', label: usage.kinds.cpu, color: 'teal.6' },
      { name: 'traffic', label: usage.kinds.traffic, color: 'orange.6' },
    ],
    values: (bucket) => ({
      results: Number(bucket.usage_results),
      memory: Number(bucket.usage_memory),
      cpu: Number(bucket.usage_cpu),
      traffic: Number(bucket.usage_traffic),
    }),
    format: formatAmount,
  },
  rows: {
    series: ({ usage }) => [{ name: 'rows', label: usage.rows, color: 'blue.6' }],
    values: (bucket) => ({ rows: bucket.results }),
    format: formatCount,
  },
  traffic: {
    series: ({ usage }) => [{ name: 'traffic', label: usage.traffic, color: 'orange.6' }],
    values: (bucket) => ({ traffic: bucket.traffic }),
    format: formatBytes,
  },
  runs: {
    series: ({ overview, common }) => [
      { name: 'succeeded', label: common.status.succeeded, color: 'teal.6' },
      { name: 'failed', label: common.status.failed, color: 'red.6' },
      { name: 'aborted', label: overview.aborted, color: 'gray.5' },
    ],
    values: ({ succeeded, failed, aborted }) => ({ succeeded, failed, aborted }),
    format: formatCount,
  },
};

export function UsageChart({ list, bucket, metric, actions }: UsageChartProps): ReactNode {
  const texts = useTexts();
  const { language } = useLanguage();
  const { series, values, format } = metrics[metric];
  const hasRuns = list.some(({ runs }) => runs > 0);
  return (
    <ChartPanel
      kind="bars"
      isWhole={metric === 'rows' || metric === 'runs'}
      title={texts.usage.overTime(texts.usage.metrics[metric])}
      pointLabel={texts.overview.buckets[bucket]}
      emptyText={metric === 'cost' && hasRuns ? texts.usage.free : texts.usage.empty}
      format={(value) => format(value, language)}
      series={series(texts)}
      points={list.map((item) => ({
        key: item.start,
        label: bucketLabel(item, bucket, list.length, language),
        values: values(item),
      }))}
      actions={actions}
    />
  );
}
