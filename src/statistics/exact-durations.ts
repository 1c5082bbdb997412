/** Durations of single runs, from which percentiles are exact while there are few runs. */
import type { Pool } from 'pg';
import type { Percentiles } from './duration-steps.ts';
import type { TimeRange } from './time-buckets.ts';

/** With more runs in a range, all its percentiles are estimated. */
export const maxExactRuns = 1000;

/** A run is looked for among those that were created this long before the range. */
const longestDays = 31;

/** Durations in seconds, by the place that they are grouped by, ascending. */
export type DurationsByPlace = ReadonlyMap<number | null, readonly number[]>;

interface Grouping {
  /** SQL expression over `at` and `worker_id`. */
  readonly place: string;
  /** Starts of buckets, for `$5`. */
  readonly starts: readonly Date[];
  /** 0 for all workers. */
  readonly workerKey: number;
}

/** The durations of the runs that ended in the range and were not aborted. Runs that were removed are missing. */
export async function readDurations(
  pool: Pool,
  accountId: number,
  { from, to }: TimeRange,
  { place, starts, workerKey }: Grouping,
): Promise<DurationsByPlace> {
  const { rows } = await pool.query<{ place: number; seconds: number }>(
    `SELECT ${place} AS place, seconds FROM (
       SELECT finished_at AS at, worker_id, greatest(0, extract(epoch FROM finished_at - started_at))::float8 AS seconds
       FROM run
       WHERE account_id = $1 AND created_at >= $2::timestamptz - interval '${longestDays} days' AND created_at < $3
         AND finished_at >= $2 AND finished_at < $3 AND started_at IS NOT NULL
         AND end_reason IS DISTINCT FROM 'aborted' AND ($4 = 0 OR worker_id = $4)
       LIMIT ${maxExactRuns + 1}
     ) AS ended WHERE $5::timestamptz[] IS NOT NULL ORDER BY seconds`,
    [accountId, from, to, workerKey, starts],
  );
  const places = new Map<number | null, number[]>([[null, rows.map(({ seconds }) => seconds)]]);
  for (const { place: key, seconds } of rows) {
    const own = places.get(key);
    if (own === undefined) places.set(key, [seconds]);
    else own.push(seconds);
  }
  return places;
}

/** Interpolates between the two nearest durations, as `percentile_cont` of PostgreSQL does. */
function percentileOf(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

/** @param sorted at least one duration, ascending */
export function exactPercentiles(sorted: readonly number[]): Percentiles {
  return {
    p50: percentileOf(sorted, 0.5),
    p90: percentileOf(sorted, 0.9),
    p99: percentileOf(sorted, 0.99),
  };
}
