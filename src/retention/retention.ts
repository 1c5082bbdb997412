/** Removes what is older than the retention: runs with their subtasks, rows and log lines, and the run queue's history. */
import type { Database } from '../database/database.ts';
import { createPartitions, dayOf, dropPartitionsBefore } from '../database/partitions.ts';
import type { Events } from '../events/events.ts';

const hourMilliseconds = 3600 * 1000;
const dayMilliseconds = 24 * hourMilliseconds;
const runsAtOnce = 1000;

/**
 * Makes coming partitions and removes runs of days before the retention. Runs that have not ended stay, and so do for a
 * while those that are not in the statistics yet.
 */
export async function applyRetention(database: Database, retentionDays: number, now: Date): Promise<void> {
  await createPartitions(database, now);
  const firstKeptDay = dayOf(new Date(now.getTime() - retentionDays * dayMilliseconds));
  for (;;) {
    const deleted = await database.pool.query(
      `DELETE FROM run WHERE id IN (
         SELECT id FROM run WHERE day < $1 AND status IN ('succeeded', 'failed')
           AND NOT EXISTS (SELECT FROM ended_run WHERE run_id = run.id)
         ORDER BY day, id LIMIT $2
       )`,
      [firstKeptDay, runsAtOnce],
    );
    if ((deleted.rowCount ?? 0) < runsAtOnce) break;
  }
  const { rows } = await database.pool.query<{ day: string }>(
    `SELECT coalesce(min(day), $1::date) AS day FROM run WHERE day < $1`,
    [firstKeptDay],
  );
  await dropPartitionsBefore(database, rows[0]?.day ?? firstKeptDay);
  await database.pool.query(`DELETE FROM queue_item WHERE status <> 'waiting' AND ended_at < $1`, [
    firstKeptDay,
  ]);
}

export class Retention {
  readonly #database: Database;
  readonly #days: number;
  readonly #removeExports: (now: Date) => Promise<void>;
  readonly #events: Events;
  #timer: NodeJS.Timeout | undefined;
  #applying: Promise<void> = Promise.resolve();

  /** @param removeExports removes the files of exports that nobody needs any more */
  constructor(database: Database, days: number, removeExports: (now: Date) => Promise<void>, events: Events) {
    this.#database = database;
    this.#days = days;
    this.#removeExports = removeExports;
    this.#events = events;
  }

  /** Applies the retention now, and every hour from now on. */
  async start(): Promise<void> {
    if (this.#timer !== undefined) return this.#applying;
    this.#timer = setInterval(() => {
      this.#applying = this.#apply().catch((err: unknown) => {
        this.#events.failed({ work: 'apply-retention', err });
      });
    }, hourMilliseconds);
    this.#applying = this.#apply();
    try {
      await this.#applying;
    } catch (error) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#applying.catch(() => undefined);
  }

  async #apply(): Promise<void> {
    const now = new Date();
    await applyRetention(this.#database, this.#days, now);
    await this.#removeExports(now);
  }
}
