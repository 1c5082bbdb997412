/**
 * Statistics of an account's runs by time or by worker. A run counts at the time when it ended. One statement reads
 * both the sums and the runs that are not yet in them, so that every run counts exactly once.
 */
import type { QueryConfig } from 'pg';
import type { Database } from '../database/database.ts';
import { findWorkerKey } from '../workers/workers.ts';
import { percentiles, type DurationCounts } from './duration-steps.ts';
import { exactPercentiles, maxExactRuns, readDurations, type DurationsByPlace } from './exact-durations.ts';
import { cpuAmountSum, endedRunFigures, figureColumns, figureSums, type FigureRow } from './figures.ts';
import { readActivity, type Activity } from './activity.ts';
import type { BucketSize } from './bucket-sizes.ts';
import { bucketStarts, inQuarters, type TimeRange } from './time-buckets.ts';

export { countEndedRun, RunCounter } from './run-counter.ts';

export type { Activity } from './activity.ts';
export { bucketSizes, type BucketSize } from './bucket-sizes.ts';
export { maxBuckets, type TimeRange } from './time-buckets.ts';

/** Figures of the runs that ended in a period. */
export interface Figures {
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly aborted: number;
  readonly results: number;
  readonly trafficBytes: number;
  /** Decimal strings. */
  readonly memoryGigabyteHours: string;
  readonly usage: string;
  readonly resultAmount: string;
  readonly memoryAmount: string;
  readonly cpuAmount: string;
  readonly trafficAmount: string;
  /** Duration percentiles in seconds of runs that were not aborted, by the hour they ended in; 0 if there are none. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Whether the percentiles come from the durations themselves, not from counts by step. */
  readonly isExact: boolean;
}

export interface RunSeries {
  /** In whole quarters of an hour. */
  readonly range: TimeRange;
  readonly totals: Figures;
  /** All buckets of the range, including empty ones. */
  readonly buckets: readonly (Figures & { readonly start: Date })[];
}

export interface WorkerFigures extends Figures {
  /** Empty if the worker was deleted, as are the next fields. */
  readonly slug: string;
  readonly owner: string;
  readonly name: string;
  readonly title: string;
}

/** Group of the figures: index of a bucket, or key of a worker. Null for the total. */
type Place = number | null;

const columns = figureColumns.join(', ');

/** Runs that are not yet in the statistics. $1 account, $2 from, $3 to. */
const notCountedYet = `
  FROM (${endedRunFigures('ended_run')}) AS live WHERE account_id = $1 AND at >= $2 AND at < $3`;

/** @param place SQL expression to group by @param sources selects at, worker_id and the figures */
function figuresBy(place: string, sources: string): string {
  return `
    WITH counted AS (${sources}), placed AS (SELECT ${place} AS place, ${columns} FROM counted)
    SELECT place, ${figureSums}, ${cpuAmountSum} FROM placed GROUP BY GROUPING SETS ((), (place))`;
}

/** @param sources selects at, worker_id, step and runs */
function durationsBy(place: string, sources: string): string {
  return `
    WITH counted AS (${sources}), placed AS (SELECT ${place} AS place, step, runs FROM counted)
    SELECT place, step, sum(runs)::bigint AS runs FROM placed GROUP BY place, step`;
}

/** $4 starts of the buckets, $5 worker, or 0 for all. */
const bucket = 'width_bucket(at, $4::timestamptz[])';
const ofWorker = '($5 = 0 OR worker_id = $5)';
const seriesFigures = figuresBy(
  bucket,
  `SELECT at, worker_id, ${columns} FROM run_statistic
   WHERE account_id = $1 AND span = 'quarter' AND worker_id = $5 AND at >= $2 AND at < $3
   UNION ALL SELECT at, worker_id, ${columns} ${notCountedYet} AND ${ofWorker}`,
);
const seriesDurations = durationsBy(
  // The first bucket may start within an hour.
  `greatest(1, ${bucket})`,
  `SELECT at, worker_id, step, runs FROM run_duration
   WHERE account_id = $1 AND span = 'hour' AND worker_id = $5 AND at >= $2 AND at < $3
   UNION ALL SELECT at, worker_id, step, 1 ${notCountedYet} AND ${ofWorker} AND step IS NOT NULL`,
);

/** By worker: whole days (UTC) from $4 to $5, and finer intervals before and after them. */
function ofAllWorkers(table: string, span: string, selected: string): string {
  const finer = `SELECT at, worker_id, ${selected} FROM ${table} WHERE account_id = $1 AND span = '${span}' AND worker_id > 0`;
  return `
    SELECT at, worker_id, ${selected} FROM ${table} WHERE account_id = $1 AND span = 'day' AND at >= $4 AND at < $5
    UNION ALL ${finer} AND at >= $2 AND at < $4
    UNION ALL ${finer} AND at >= $5 AND at < $3`;
}
const workerFigures = figuresBy(
  'worker_id',
  `${ofAllWorkers('run_statistic', 'quarter', columns)} UNION ALL SELECT at, worker_id, ${columns} ${notCountedYet}`,
);
const workerDurations = durationsBy(
  'worker_id',
  `${ofAllWorkers('run_duration', 'hour', 'step, runs')}
   UNION ALL SELECT at, worker_id, step, 1 ${notCountedYet} AND step IS NOT NULL`,
);

/** @param exact all counted durations, ascending; undefined if there are too many, or some runs were removed */
function figuresOf(
  row: FigureRow | undefined,
  durations: DurationCounts,
  exact: readonly number[] | undefined,
): Figures {
  const { succeeded = 0, failed = 0, aborted = 0 } = row ?? {};
  return {
    runs: succeeded + failed + aborted,
    succeeded,
    failed,
    aborted,
    results: row?.results ?? 0,
    trafficBytes: row?.traffic_bytes ?? 0,
    memoryGigabyteHours: row?.memory_quantity ?? '0',
    usage: row?.usage ?? '0',
    resultAmount: row?.result_amount ?? '0',
    memoryAmount: row?.memory_amount ?? '0',
    cpuAmount: row?.cpu_amount ?? '0',
    trafficAmount: row?.traffic_amount ?? '0',
    ...(exact === undefined || exact.length === 0
      ? percentiles(succeeded + failed === 0 ? new Map() : durations)
      : exactPercentiles(exact)),
    isExact: exact !== undefined,
  };
}

/** Number of counted runs. */
function runsIn(counts: DurationCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** Start of the hour of a time; durations are stored by hour. */
function hourOf(moment: Date): Date {
  const hourMilliseconds = 3600 * 1000;
  return new Date(Math.floor(moment.getTime() / hourMilliseconds) * hourMilliseconds);
}

/** The whole UTC days within a range; empty at the end of the range if there are none. */
function wholeDays({ from, to }: TimeRange): TimeRange {
  const dayMilliseconds = 24 * 3600 * 1000;
  const first = Math.ceil(from.getTime() / dayMilliseconds) * dayMilliseconds;
  const last = Math.floor(to.getTime() / dayMilliseconds) * dayMilliseconds;
  return first < last ? { from: new Date(first), to: new Date(last) } : { from: to, to };
}

export class Statistics {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Statistics by time.
   * @param timezone IANA name of the zone for hours and days
   * @throws ChelaError INVALID_ARGUMENT if there are too many buckets
   */
  async series(
    accountId: number,
    wanted: TimeRange,
    options: { bucket: BucketSize; timezone: string; workerId?: string },
  ): Promise<RunSeries> {
    const range = inQuarters(wanted);
    const starts = bucketStarts(range, options.bucket, options.timezone);
    // No run has a worker with the key -1.
    const workerKey =
      options.workerId === undefined ? 0 : ((await findWorkerKey(this.#database, options.workerId)) ?? -1);
    const more = [range.to, starts, workerKey];
    const places = await this.#read(
      { name: 'run-series', text: seriesFigures, values: [accountId, range.from, ...more] },
      { name: 'duration-series', text: seriesDurations, values: [accountId, hourOf(range.from), ...more] },
      async () =>
        readDurations(
          this.#database.pool,
          accountId,
          { from: hourOf(range.from), to: range.to },
          { place: 'greatest(1, width_bucket(at, $5::timestamptz[]))', starts, workerKey },
        ),
    );
    const nothing = figuresOf(undefined, new Map(), []);
    const buckets = starts.map((start, index) => ({ start, ...(places.get(index + 1) ?? nothing) }));
    return { range, totals: places.get(null) ?? nothing, buckets };
  }

  /** Statistics by worker, those with the most runs first. */
  async byWorker(accountId: number, wanted: TimeRange): Promise<WorkerFigures[]> {
    const range = inQuarters(wanted);
    const days = wholeDays(range);
    const more = [range.to, days.from, days.to];
    const places = await this.#read(
      { name: 'runs-by-worker', text: workerFigures, values: [accountId, range.from, ...more] },
      {
        name: 'durations-by-worker',
        text: workerDurations,
        values: [accountId, hourOf(range.from), ...more],
      },
      async () =>
        readDurations(
          this.#database.pool,
          accountId,
          { from: hourOf(range.from), to: range.to },
          { place: 'worker_id', starts: [], workerKey: 0 },
        ),
    );
    const found = [...places].flatMap(([key, figures]) => (key === null ? [] : [[key, figures] as const]));
    const workers = await this.#workers(found.map(([key]) => key));
    return found
      .map(([key, figures]) => ({
        ...(workers.get(key) ?? { slug: '', owner: '', name: '', title: '' }),
        ...figures,
      }))
      .toSorted((left, right) => right.runs - left.runs || left.slug.localeCompare(right.slug));
  }

  /** What is running and waiting now. */
  activity(accountId: number): Promise<Activity> {
    return readActivity(this.#database, accountId);
  }

  /** Figures of each group with runs, and the total under null. */
  async #read(
    figures: QueryConfig,
    durations: QueryConfig,
    readExact: () => Promise<DurationsByPlace>,
  ): Promise<Map<Place, Figures>> {
    const { pool } = this.#database;
    const [summed, timed] = await Promise.all([
      pool.query<FigureRow & { place: Place }>(figures),
      pool.query<{ place: number; step: number; runs: number }>(durations),
    ]);
    const all: DurationCounts = new Map();
    const counts = new Map<Place, DurationCounts>([[null, all]]);
    for (const { place, step, runs } of timed.rows) {
      const own = counts.get(place) ?? new Map<number, number>();
      counts.set(place, own.set(step, (own.get(step) ?? 0) + runs));
      all.set(step, (all.get(step) ?? 0) + runs);
    }
    const exact = runsIn(all) <= maxExactRuns ? await readExact() : new Map<Place, number[]>();
    return new Map(
      summed.rows.map((row) => {
        const counted = counts.get(row.place) ?? new Map<number, number>();
        const single = exact.get(row.place) ?? [];
        return [row.place, figuresOf(row, counted, single.length === runsIn(counted) ? single : undefined)];
      }),
    );
  }

  async #workers(keys: readonly number[]): Promise<Map<number, Omit<WorkerFigures, keyof Figures>>> {
    if (keys.length === 0) return new Map();
    const workers = await this.#database.sql
      .selectFrom('worker')
      .innerJoin('account', 'account.id', 'worker.account_id')
      .select(['worker.id', 'worker.slug', 'account.name as owner', 'worker.name', 'worker.title'])
      .where('worker.id', 'in', keys)
      .execute();
    return new Map(workers.map(({ id, ...worker }) => [id, worker]));
  }
}
