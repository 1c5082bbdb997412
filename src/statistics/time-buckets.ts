/** Divides a time range into hours, days, weeks and months of a time zone. */
import { Temporal } from 'temporal-polyfill';
import { invalidArgument } from '../errors.ts';
import type { BucketSize } from './bucket-sizes.ts';

export const maxBuckets = 800;
/** Resolution of the statistics, to which times are rounded. */
const quarterMilliseconds = 15 * 60 * 1000;

export interface TimeRange {
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
}

/** The range in whole quarters of an hour. */
export function inQuarters({ from, to }: TimeRange): TimeRange {
  return {
    from: new Date(Math.floor(from.getTime() / quarterMilliseconds) * quarterMilliseconds),
    to: new Date(Math.ceil(to.getTime() / quarterMilliseconds) * quarterMilliseconds),
  };
}

function startOf(moment: Temporal.ZonedDateTime, size: BucketSize): Temporal.ZonedDateTime {
  switch (size) {
    case 'hour':
      return moment.round({ smallestUnit: 'hour', roundingMode: 'floor' });
    case 'day':
      return moment.startOfDay();
    case 'week':
      return moment.subtract({ days: moment.dayOfWeek - 1 }).startOfDay();
    case 'month':
      return moment.with({ day: 1 }).startOfDay();
    default:
      return size satisfies never;
  }
}

function next(start: Temporal.ZonedDateTime, size: BucketSize): Temporal.ZonedDateTime {
  // Hours are elapsed time; days and longer buckets follow the calendar.
  return size === 'hour' ? start.add({ hours: 1 }) : startOf(start.add({ [`${size}s`]: 1 }), size);
}

/**
 * Starts of the buckets of a range. The first may be before the range.
 * @throws ChelaError INVALID_ARGUMENT if there are too many
 */
export function bucketStarts({ from, to }: TimeRange, size: BucketSize, timezone: string): Date[] {
  const starts: Date[] = [];
  const first = Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO(timezone);
  for (let start = startOf(first, size); start.epochMilliseconds < to.getTime(); start = next(start, size)) {
    if (starts.length === maxBuckets) {
      throw invalidArgument(
        `more than the maximum of ${maxBuckets} buckets: choose a shorter period or larger buckets`,
      );
    }
    starts.push(new Date(start.epochMilliseconds));
  }
  return starts;
}
