/**
 * Numbers of runs, kept by the database as runs change. Triggers insert changes, which no transaction waits for; the
 * counter adds them to the sums.
 */
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import type { Origin, RunStatus } from './statuses.ts';

/** Runs that are counted. Omitted fields admit every run of the account. */
export interface CountedRuns {
  readonly accountId: number;
  readonly workerKeys?: readonly number[];
  readonly taskKey?: number;
  readonly status?: RunStatus;
  readonly origin?: Origin;
}

export interface DayCount {
  /** Day of creation (UTC), `YYYY-MM-DD`. */
  readonly day: string;
  readonly runs: number;
}

const kept = (table: string, number: string): string => `
  SELECT day, ${number} AS runs FROM ${table}
  WHERE account_id = $1 AND ($2::bigint[] IS NULL OR worker_id = ANY($2)) AND ($3::bigint IS NULL OR task_id = $3)
    AND ($4::text IS NULL OR status = $4) AND ($5::text IS NULL OR origin = $5)`;

/** Numbers of runs by the day of their creation, newest day first, without days that have no such run. */
export async function countByDay(database: Database, counted: CountedRuns): Promise<DayCount[]> {
  const { rows } = await database.pool.query<DayCount>({
    name: 'count-runs-by-day',
    // One statement, so that it sees each change either in its own row or in the sum.
    text: `SELECT day, sum(runs)::bigint AS runs
           FROM (${kept('run_count', 'runs')} UNION ALL ${kept('run_count_change', 'difference')}) AS counts
           GROUP BY day HAVING sum(runs) > 0 ORDER BY day DESC`,
    values: [
      counted.accountId,
      counted.workerKeys ?? null,
      counted.taskKey ?? null,
      counted.status ?? null,
      counted.origin ?? null,
    ],
  });
  return rows;
}

const intervalMilliseconds = 10_000;
const changesAtOnce = 20_000;

/**
 * Adds changes to the sums. Any number of processes may do so: rows are written in key order, so that two wait for each
 * other instead of deadlocking.
 * @returns number of changes
 */
export async function addRunCountChanges(database: Database): Promise<number> {
  let total = 0;
  for (;;) {
    const { rows } = await database.pool.query<{ taken: number }>({
      name: 'add-run-count-changes',
      text: `WITH taken AS (
               DELETE FROM run_count_change
               WHERE id IN (SELECT id FROM run_count_change ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING account_id, day, worker_id, task_id, status, origin, difference
             ), added AS (
               INSERT INTO run_count AS total (account_id, day, worker_id, task_id, status, origin, runs)
               SELECT account_id, day, worker_id, task_id, status, origin, sum(difference) FROM taken
               GROUP BY account_id, day, worker_id, task_id, status, origin
               HAVING sum(difference) <> 0
               ORDER BY account_id, day, worker_id, task_id, status, origin
               ON CONFLICT (account_id, day, worker_id, task_id, status, origin)
                 DO UPDATE SET runs = total.runs + excluded.runs
             )
             SELECT count(*) AS taken FROM taken`,
      values: [changesAtOnce],
    });
    const taken = rows[0]?.taken ?? 0;
    total += taken;
    if (taken < changesAtOnce) break;
  }
  if (total > 0) await dropZeros(database);
  return total;
}

/** Skips rows that another process changes, instead of waiting for them in another order than theirs. */
async function dropZeros(database: Database): Promise<void> {
  await database.pool.query(
    `DELETE FROM run_count WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM run_count WHERE runs = 0 FOR UPDATE SKIP LOCKED))`,
  );
}

/** Keeps the sums up to date. */
export class RunCountKeeper extends StartStop {
  readonly name = 'run counts';
  readonly #periodic: Periodic;

  constructor(database: Database, events: Events) {
    super();
    this.#periodic = new Periodic({
      intervalMilliseconds,
      work: async () => {
        await addRunCountChanges(database);
      },
      onError: (err) => events.failed({ work: 'keep-run-counts', err }),
    });
  }

  protected override async begin(): Promise<void> {
    this.#periodic.start();
    this.#periodic.trigger();
  }

  protected override async end(): Promise<void> {
    await this.#periodic.stop();
  }
}
