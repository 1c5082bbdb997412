/**
 * Removes data older than the retention: runs with their subtasks, rows and log lines, and old entries of the run
 * queue.
 */
import type { Database } from '../database/database.ts';
import { createPartitions, dayOf, dropPartitionsBefore } from '../database/partitions.ts';
import type { Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';

const hourMilliseconds = 3600 * 1000;
const dayMilliseconds = 24 * hourMilliseconds;
const runsAtOnce = 1000;

/**
 * Creates upcoming partitions and removes runs from days before the retention period. Unfinished runs are kept, and so
 * are, for a while, runs that are not yet in the statistics.
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

interface RetentionOptions {
  readonly database: Database;
  /** Number of days to keep runs. */
  readonly days: number;
  /** Removes expired exports, and files of removed runs. */
  readonly removeFiles: (now: Date) => Promise<void>;
  readonly events: Events;
}

/** Applies the retention at start, where it must succeed, and then every hour. */
export class Retention extends StartStop {
  readonly name = 'retention';
  readonly #applications: Periodic;

  constructor({ database, days, removeFiles, events }: RetentionOptions) {
    super();
    this.#applications = new Periodic({
      intervalMilliseconds: hourMilliseconds,
      work: async () => {
        const now = new Date();
        await applyRetention(database, days, now);
        await removeFiles(now);
      },
      onError: (err) => events.failed({ work: 'apply-retention', err }),
    });
  }

  protected override async begin(): Promise<void> {
    await this.#applications.run();
    this.#applications.start();
  }

  protected override async end(): Promise<void> {
    await this.#applications.stop();
  }
}
