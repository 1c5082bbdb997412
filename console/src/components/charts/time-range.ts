/** Time ranges of the statistics, by their names in the URL, in the reader's time zone. */
import type { BucketSize, RunBucket } from '../../api/statistics.ts';

export const rangeNames = ['24h', '7d', '30d', '90d', 'month', 'last-month'] as const;
export type RangeName = (typeof rangeNames)[number];

/** Ranges of the overview page. */
export const overviewRanges = ['24h', '7d', '30d'] as const satisfies RangeName[];
export type OverviewRange = (typeof overviewRanges)[number];

export interface TimeRange {
  /** Unix seconds. */
  readonly from: number;
  /** Unix seconds; now if omitted. */
  readonly to?: number;
  readonly bucket: BucketSize;
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** Midnight a number of days before a date. */
function daysBefore(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - days);
}

/** Constant within an hour or day, so that cached answers are reused. */
export function rangeOf(name: RangeName, now: Date): TimeRange {
  const year = now.getFullYear();
  const month = now.getMonth();
  switch (name) {
    case '24h': {
      const hour = new Date(year, month, now.getDate(), now.getHours());
      return { from: seconds(hour) - 23 * 3600, bucket: 'hour' };
    }
    case '7d':
      return { from: seconds(daysBefore(now, 6)), bucket: 'day' };
    case '30d':
      return { from: seconds(daysBefore(now, 29)), bucket: 'day' };
    case '90d':
      return { from: seconds(daysBefore(now, 89)), bucket: 'week' };
    case 'month':
      return { from: seconds(new Date(year, month, 1)), bucket: 'day' };
    case 'last-month':
      return {
        from: seconds(new Date(year, month - 1, 1)),
        to: seconds(new Date(year, month, 1)),
        bucket: 'day',
      };
    default:
      return name satisfies never;
  }
}

export function today(now: Date): TimeRange {
  return { from: seconds(daysBefore(now, 0)), bucket: 'day' };
}

/** Label of a bucket: `14:00`, `Wed 25`, `25 Nov`. */
export function bucketLabel(
  { start }: RunBucket,
  bucket: BucketSize,
  count: number,
  language: string,
): string {
  const date = new Date(start * 1000);
  if (bucket === 'hour') {
    return new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
      date,
    );
  }
  const style: Intl.DateTimeFormatOptions =
    bucket === 'day' && count <= 7
      ? { weekday: 'short', day: 'numeric' }
      : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(language, style).format(date);
}
