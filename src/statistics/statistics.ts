/**
 * What runs of an account came to, added up over time or by worker. A run counts when it has ended, at that moment. One
 * statement reads what was added up before and the runs that are not in it yet, so every run counts exactly once.
 */
import type { Database } from '../database/database.ts';
import { isWorkerSlug, splitWorkerPath } from '../workers/worker-id.ts';
import { percentiles, type DurationCounts } from './duration-steps.ts';
import { endedRunFigures, figureColumns, type Figures, type Outcome } from './figures.ts';
import { readActivity, type Activity } from './activity.ts';
import { bucketStarts, inQuarters, type BucketSize, type TimeRange } from './time-buckets.ts';

export type { Activity } from './activity.ts';
export type { Figures } from './figures.ts';
export { bucketSizes, mostBuckets, type BucketSize, type TimeRange } from './time-buckets.ts';

export interface RunSeries {
  /** In whole quarters of an hour. */
  readonly range: TimeRange;
  readonly totals: Figures;
  /** All buckets of the range, those without runs too. */
  readonly buckets: readonly (Figures & { readonly start: Date })[];
}

export interface WorkerFigures extends Figures {
  /** Empty where the worker was deleted, as are the others. */
  readonly slug: string;
  readonly owner: string;
  readonly name: string;
  readonly title: string;
}

interface FigureRow {
  /** Null in the row of the grand total. */
  place: number | null;
  /** Null in the rows of sums over all outcomes and durations. */
  outcome: Outcome | null;
  duration_step: number | null;
  runs: number;
  results: number;
  traffic_bytes: number;
  memory_quantity: string;
  usage: string;
  result_amount: string;
  memory_amount: string;
  traffic_amount: string;
}

const columns = figureColumns.join(', ');
/** Counts come back as whole numbers, amounts as exact decimals. */
const sums = figureColumns
  .map((column) =>
    ['runs', 'results', 'traffic_bytes'].includes(column)
      ? `sum(${column})::bigint AS ${column}`
      : `sum(${column}) AS ${column}`,
  )
  .join(', ');

/** @param place what the figures are grouped by @param sources selects at, worker_id, outcome, duration_step and the sums */
function addedUp(place: string, sources: string): string {
  return `
    WITH counted AS (${sources}), placed AS (SELECT ${place} AS place, counted.* FROM counted)
    SELECT place, outcome, duration_step, ${sums} FROM placed
    GROUP BY GROUPING SETS ((), (place), (place, outcome, duration_step))`;
}

const notCountedYet = `
  SELECT at, worker_id, outcome, duration_step, ${columns} FROM (${endedRunFigures('ended_run')}) AS live
  WHERE account_id = $1 AND at >= $2 AND at < $3`;

/** $1 account, $2 from, $3 to, $4 starts of the buckets, $5 worker or 0 for all. */
const seriesStatement = addedUp(
  'width_bucket(at, $4::timestamptz[])',
  `SELECT at, worker_id, outcome, duration_step, ${columns} FROM run_statistic
   WHERE account_id = $1 AND span = 'quarter' AND worker_id = $5 AND at >= $2 AND at < $3
   UNION ALL ${notCountedYet} AND ($5 = 0 OR worker_id = $5)`,
);

/** $1 account, $2 from, $3 to; whole days (UTC) lie from $4 to $5. */
const workersStatement = addedUp(
  'worker_id',
  `SELECT at, worker_id, outcome, duration_step, ${columns} FROM run_statistic
   WHERE account_id = $1 AND span = 'day' AND at >= $4 AND at < $5
   UNION ALL
   SELECT at, worker_id, outcome, duration_step, ${columns} FROM run_statistic
   WHERE account_id = $1 AND span = 'quarter' AND worker_id > 0 AND at >= $2 AND at < $4
   UNION ALL
   SELECT at, worker_id, outcome, duration_step, ${columns} FROM run_statistic
   WHERE account_id = $1 AND span = 'quarter' AND worker_id > 0 AND at >= $5 AND at < $3
   UNION ALL ${notCountedYet}`,
);

/** Gathers the rows of one place into its figures. */
class FigureSum {
  readonly #outcomes: Record<Outcome, number> = { succeeded: 0, failed: 0, aborted: 0 };
  readonly #durations: DurationCounts = new Map();
  #sums: FigureRow | undefined;

  add(row: FigureRow): void {
    if (row.outcome === null || row.duration_step === null) {
      this.#sums = row;
      return;
    }
    this.#outcomes[row.outcome] += row.runs;
    // How long a run took that somebody stopped says nothing about its worker.
    if (row.outcome === 'aborted') return;
    this.#durations.set(row.duration_step, (this.#durations.get(row.duration_step) ?? 0) + row.runs);
  }

  get figures(): Figures {
    const { runs = 0, results = 0, traffic_bytes: trafficBytes = 0 } = this.#sums ?? {};
    return {
      runs,
      ...this.#outcomes,
      results,
      trafficBytes,
      memoryGigabyteHours: this.#sums?.memory_quantity ?? '0',
      usage: this.#sums?.usage ?? '0',
      resultAmount: this.#sums?.result_amount ?? '0',
      memoryAmount: this.#sums?.memory_amount ?? '0',
      trafficAmount: this.#sums?.traffic_amount ?? '0',
      ...percentiles(this.#durations),
    };
  }
}

/** Figures of every place with runs, and of all together. */
function gathered(rows: readonly FigureRow[]): { totals: Figures; places: Map<number, Figures> } {
  const totals = new FigureSum();
  const places = new Map<number, FigureSum>();
  for (const row of rows) {
    if (row.place === null || row.outcome !== null) totals.add(row);
    if (row.place === null) continue;
    const place = places.get(row.place) ?? new FigureSum();
    place.add(row);
    places.set(row.place, place);
  }
  return {
    totals: totals.figures,
    places: new Map([...places].map(([place, sum]) => [place, sum.figures])),
  };
}

const noFigures = new FigureSum().figures;

/** The whole days (UTC) within a range; both ends are its end where there is none. */
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
   * By time.
   * @param timezone IANA name of the zone whose hours and days are meant
   * @throws ChelaError INVALID_ARGUMENT where there would be too many buckets
   */
  async series(
    accountId: number,
    wanted: TimeRange,
    options: { bucket: BucketSize; timezone: string; workerId?: string },
  ): Promise<RunSeries> {
    const range = inQuarters(wanted);
    const starts = bucketStarts(range, options.bucket, options.timezone);
    const workerKey = options.workerId === undefined ? 0 : await this.#workerKey(options.workerId);
    const { rows } = await this.#database.pool.query<FigureRow>({
      name: 'run-series',
      text: seriesStatement,
      values: [accountId, range.from, range.to, starts, workerKey],
    });
    const { totals, places } = gathered(rows);
    const buckets = starts.map((start, index) => ({ start, ...(places.get(index + 1) ?? noFigures) }));
    return { range, totals, buckets };
  }

  /** By worker, those with the most runs first. */
  async byWorker(accountId: number, wanted: TimeRange): Promise<WorkerFigures[]> {
    const range = inQuarters(wanted);
    const days = wholeDays(range);
    const { rows } = await this.#database.pool.query<FigureRow>({
      name: 'run-figures-by-worker',
      text: workersStatement,
      values: [accountId, range.from, range.to, days.from, days.to],
    });
    const { places } = gathered(rows);
    const workers = await this.#workers([...places.keys()]);
    return [...places]
      .map(([key, figures]) => ({
        ...(workers.get(key) ?? { slug: '', owner: '', name: '', title: '' }),
        ...figures,
      }))
      .toSorted((left, right) => right.runs - left.runs || left.slug.localeCompare(right.slug));
  }

  /** What goes on and waits now. */
  activity(accountId: number): Promise<Activity> {
    return readActivity(this.#database, accountId);
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

  /** @returns -1, of which there are no runs, for a worker that does not exist */
  async #workerKey(workerId: string): Promise<number> {
    const path = isWorkerSlug(workerId) ? undefined : splitWorkerPath(workerId);
    const worker = await this.#database.sql
      .selectFrom('worker')
      .innerJoin('account', 'account.id', 'worker.account_id')
      .select('worker.id')
      .where((expression) =>
        path === undefined
          ? expression('worker.slug', '=', workerId)
          : expression.and([
              expression('account.name', '=', path.owner),
              expression('worker.name', '=', path.name),
            ]),
      )
      .executeTakeFirst();
    return worker?.id ?? -1;
  }
}
