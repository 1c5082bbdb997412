/** How long runs took, as percentiles over time. */
import type { ReactNode } from 'react';
import type { BucketSize, RunBucket } from '../../api/statistics.ts';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { formatPercentile } from '../amounts.ts';
import { ChartPanel } from './chart.tsx';
import { bucketLabel } from './time-range.ts';

interface DurationChartProps {
  readonly list: readonly RunBucket[];
  readonly bucket: BucketSize;
}

/** A bucket without runs has no duration; 0 would look like a fast one. */
function drawn(seconds: number): number | null {
  return seconds === 0 ? null : seconds;
}

export function DurationChart({ list, bucket }: DurationChartProps): ReactNode {
  const { overview: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <ChartPanel
      kind="lines"
      title={texts.durations}
      pointLabel={texts.buckets[bucket]}
      emptyText={texts.noRuns}
      format={(value, isEstimate = false) =>
        value === 0 ? '0 s' : formatPercentile(value, !isEstimate, language)
      }
      series={[
        { name: 'p50', label: texts.percentiles.p50, color: 'blue.6' },
        { name: 'p90', label: texts.percentiles.p90, color: 'grape.6' },
        { name: 'p99', label: texts.percentiles.p99, color: 'orange.6' },
      ]}
      points={list.map((item) => ({
        key: item.start,
        label: bucketLabel(item, bucket, list.length, language),
        isEstimate: !item.duration_is_exact,
        values: {
          p50: drawn(item.duration_p50),
          p90: drawn(item.duration_p90),
          p99: drawn(item.duration_p99),
        },
      }))}
    />
  );
}
