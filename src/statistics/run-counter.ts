/**
 * Adds ended runs to the statistics. The transaction that ends a run only inserts its key into `ended_run`, so that no
 * run waits for the lock on its account's sums. Any number of processes may count.
 */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import { endedRunFigures, figureColumns, figureSums } from './figures.ts';

const intervalMilliseconds = 20_000;
const runsAtOnce = 5000;
const hourMilliseconds = 3600 * 1000;
const dayMilliseconds = 24 * hourMilliseconds;

const additions = figureColumns
  .map((column) => `${column} = total.${column} + excluded.${column}`)
  .join(', ');

/**
 * Rows are written in key order, so that two processes wait for each other instead of deadlocking.
 * @param chosen statement that selects and locks the keys of the runs to count
 */
const countStatement = (chosen: string): string => `
  WITH taken AS (
    DELETE FROM ended_run WHERE run_id IN (${chosen}) RETURNING run_id
  ), ended AS MATERIALIZED (
    SELECT *, date_bin('15 minutes', at, 'epoch') AS quarter, date_bin('1 hour', at, 'epoch') AS hour,
      date_bin('1 day', at, 'epoch') AS day
    FROM (${endedRunFigures('taken')}) AS figures
  ), counted AS (
    INSERT INTO run_statistic AS total (account_id, span, worker_id, at, ${figureColumns.join(', ')})
    SELECT account_id, CASE WHEN grouping(day) = 0 THEN 'day' ELSE 'quarter' END AS span,
      CASE WHEN grouping(worker_id) = 1 THEN 0 ELSE worker_id END AS worker_key,
      coalesce(day, quarter) AS start, ${figureSums}
    FROM ended
    GROUP BY GROUPING SETS ((account_id, worker_id, quarter), (account_id, quarter), (account_id, worker_id, day))
    ORDER BY account_id, span, worker_key, start
    ON CONFLICT (account_id, span, worker_id, at) DO UPDATE SET ${additions}
  ), timed AS (
    INSERT INTO run_duration AS total (account_id, span, worker_id, at, step, runs)
    SELECT account_id, CASE WHEN grouping(day) = 0 THEN 'day' ELSE 'hour' END AS span,
      CASE WHEN grouping(worker_id) = 1 THEN 0 ELSE worker_id END AS worker_key,
      coalesce(day, hour) AS start, step, count(*)
    FROM ended WHERE step IS NOT NULL
    GROUP BY GROUPING SETS ((account_id, worker_id, hour, step), (account_id, hour, step), (account_id, worker_id, day, step))
    ORDER BY account_id, span, worker_key, start, step
    ON CONFLICT (account_id, span, worker_id, at, step) DO UPDATE SET runs = total.runs + excluded.runs
  )
  SELECT count(*) AS count FROM taken`;
const countNext = countStatement(
  'SELECT run_id FROM ended_run ORDER BY run_id LIMIT $1 FOR UPDATE SKIP LOCKED',
);
const countOne = countStatement('SELECT run_id FROM ended_run WHERE run_id = $1 FOR UPDATE');

/** Counts all ended runs. @returns their number */
export async function countEndedRuns(database: Database): Promise<number> {
  let total = 0;
  for (;;) {
    const { rows } = await database.pool.query<{ count: number }>({
      name: 'count-ended-runs',
      text: countNext,
      values: [runsAtOnce],
    });
    const count = rows[0]?.count ?? 0;
    total += count;
    if (count < runsAtOnce) return total;
  }
}

/** Counts one ended run, unless it is counted already. @param client of the transaction that then deletes the run */
export async function countEndedRun(client: PoolClient, runId: number): Promise<void> {
  await client.query({ name: 'count-ended-run', text: countOne, values: [runId] });
}

interface RunCounterOptions {
  readonly database: Database;
  /** Number of days to keep the statistics. */
  readonly retentionDays: number;
  readonly events: Events;
}

/** Keeps the statistics up to date, and removes old ones. */
export class RunCounter extends StartStop {
  readonly name = 'statistics';
  readonly #options: RunCounterOptions;
  readonly #counts: Periodic;
  /** On the monotonic clock. */
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RunCounterOptions) {
    super();
    this.#options = options;
    this.#counts = new Periodic({
      intervalMilliseconds,
      work: () => this.#count(),
      onError: (err) => options.events.failed({ work: 'count-runs', err }),
    });
  }

  /** Counts runs that ended while no process was running, in the background. */
  protected override async begin(): Promise<void> {
    this.#counts.start();
    this.#counts.trigger();
  }

  protected override async end(): Promise<void> {
    await this.#counts.stop();
  }

  async #count(): Promise<void> {
    const { database, retentionDays } = this.#options;
    await countEndedRuns(database);
    const now = performance.now();
    if (now - this.#prunedAt < hourMilliseconds) return;
    this.#prunedAt = now;
    const firstKept = new Date(Date.now() - retentionDays * dayMilliseconds);
    await database.pool.query('DELETE FROM run_statistic WHERE at < $1', [firstKept]);
    await database.pool.query('DELETE FROM run_duration WHERE at < $1', [firstKept]);
  }
}
