/** Runs over time by outcome. */
import type { ReactNode } from 'react';
import type { BucketSize, RunBucket } from '../../api/statistics.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { formatCount } from '../figures.ts';
import { ChartPanel } from './chart.tsx';
import { bucketLabel } from './time-range.ts';

interface SeriesChartProps {
  readonly list: readonly RunBucket[];
  readonly bucket: BucketSize;
}

export function OutcomeChart({ list, bucket }: SeriesChartProps): ReactNode {
  const { overview: texts, common } = useTexts();
  const { language } = useLanguage();
  return (
    <ChartPanel
      kind="bars"
      isWhole
      title={texts.runsOverTime}
      pointLabel={texts.buckets[bucket]}
      emptyText={texts.noRuns}
      format={(value) => formatCount(value, language)}
      series={[
        { name: 'succeeded', label: common.status.succeeded, color: 'teal.6' },
        { name: 'failed', label: common.status.failed, color: 'red.6' },
        { name: 'aborted', label: texts.aborted, color: 'gray.5' },
      ]}
      points={list.map((item) => ({
        key: item.start,
        label: bucketLabel(item, bucket, list.length, language),
        values: { succeeded: item.succeeded, failed: item.failed, aborted: item.aborted },
      }))}
    />
  );
}
