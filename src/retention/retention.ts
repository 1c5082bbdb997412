/**
 * Removes data older than the retention: runs with their subtasks, rows and log lines, and old entries of the run
 * queue. Pinned runs stay.
 */
import type { PoolClient } from 'pg';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import {
  createPartitions,
  dropPartitionsBefore,
  hasPartitions,
  rewritePartitions,
} from '../database/partitions.ts';
import type { EventMap, Events } from '../events/events.ts';
import { Periodic } from '../services/periodic.ts';
import { StartStop } from '../services/service.ts';
import { expiredAt, expiredRuns, type RetentionPolicy } from './expired-runs.ts';
import type { RunRemoval } from './run-removal.ts';

export { previewRetention } from './retention-preview.ts';
export { RunRemoval } from './run-removal.ts';

const hourMilliseconds = 3600 * 1000;
const runsAtOnce = 1000;

type PolicyConfig = Pick<Config, 'retentionDays' | 'planRetentionDays' | 'plans' | 'defaultPlan'>;

export function retentionPolicy({
  retentionDays,
  planRetentionDays,
  plans,
  defaultPlan,
}: PolicyConfig): RetentionPolicy {
  return {
    days: retentionDays,
    plans: { days: planRetentionDays, names: [...plans.keys()], defaultName: defaultPlan },
  };
}

type RemovedData = Omit<EventMap['retention:applied'], 'seconds'>;

/**
 * Creates upcoming partitions and removes runs from days before the retention period. Unfinished and pinned runs are
 * kept, and so are, for a while, runs that are not yet in the statistics.
 */
export async function applyRetention(
  database: Database,
  policy: RetentionPolicy,
  now: Date,
): Promise<RemovedData> {
  await createPartitions(database, now);
  const expired = expiredAt(policy, now);
  const { firstKeptDay, lastFirstKeptDay } = expired;
  let runs = 0;
  for (;;) {
    const deleted = await database.pool.query(
      // A run that is pinned meanwhile is locked and then left out.
      `WITH deleted AS (
         DELETE FROM run WHERE id IN (
           SELECT run.id ${expiredRuns} AND NOT EXISTS (SELECT FROM ended_run WHERE run_id = run.id)
           ORDER BY run.day, run.id LIMIT $7 FOR UPDATE OF run SKIP LOCKED
         ) RETURNING id, day
       ) INSERT INTO removed_run (run_id, day) SELECT id, day FROM deleted`,
      [...expired.values, runsAtOnce],
    );
    runs += deleted.rowCount ?? 0;
    if ((deleted.rowCount ?? 0) < runsAtOnce) break;
  }
  const dropped = await dropPartitionsBefore(database, lastFirstKeptDay);
  await database.pool.query(
    `DELETE FROM removed_run WHERE day < $1 AND NOT EXISTS (SELECT FROM run WHERE run.day = removed_run.day)`,
    [lastFirstKeptDay],
  );
  await shrinkKeptDays(database, lastFirstKeptDay);
  const queueItems = await database.pool.query(
    `DELETE FROM queue_item WHERE status <> 'waiting' AND ended_at < $1`,
    [firstKeptDay],
  );
  return { runs, queueItems: queueItems.rowCount ?? 0, partitions: dropped.length };
}

/**
 * Frees the space of deleted runs on days that stay because of pinned runs, or of plans that keep theirs longer: their partitions are written anew, with what
 * is kept. Deleting the rows instead would leave the files as large as they are.
 */
async function shrinkKeptDays(database: Database, firstKeptDay: string): Promise<void> {
  const { rows } = await database.pool.query<{ day: string }>(
    `SELECT DISTINCT day FROM removed_run WHERE day < $1
       AND NOT EXISTS (SELECT FROM run WHERE run.day = removed_run.day AND status NOT IN ('succeeded', 'failed'))`,
    [firstKeptDay],
  );
  for (const { day } of rows) await database.transaction((client) => shrinkDay(client, day));
}

async function shrinkDay(client: PoolClient, day: string): Promise<void> {
  if (!(await hasPartitions(client, day))) return;
  // Before the rows are copied: those of a run that is deleted during the copy stay noted.
  const { rowCount } = await client.query('DELETE FROM removed_run WHERE day = $1', [day]);
  if ((rowCount ?? 0) > 0) await rewritePartitions(client, day);
}

interface RetentionOptions {
  readonly database: Database;
  readonly policy: RetentionPolicy;
  readonly removal: RunRemoval;
  readonly events: Events;
}

/** Applies the retention at start, where it must succeed, and then every hour. */
export class Retention extends StartStop {
  readonly name = 'retention';
  readonly #applications: Periodic;
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    super();
    this.#options = options;
    const { removal, events } = options;
    this.#applications = new Periodic({
      intervalMilliseconds: hourMilliseconds,
      work: async () => {
        await this.#apply();
        await removal.clean();
      },
      onError: (err) => events.failed({ work: 'apply-retention', err }),
    });
  }

  protected override async begin(): Promise<void> {
    await this.#apply();
    // What is still stored for deleted runs may be large, so the start does not wait for its removal.
    this.#applications.start();
    this.#applications.trigger();
  }

  protected override async end(): Promise<void> {
    await this.#applications.stop();
    await this.#options.removal.stop();
  }

  async #apply(): Promise<void> {
    const { database, policy, events } = this.#options;
    const began = performance.now();
    const removed = await applyRetention(database, policy, new Date());
    events.emit('retention:applied', { ...removed, seconds: (performance.now() - began) / 1000 });
  }
}
