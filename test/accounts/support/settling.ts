/** Runs and settles subtasks without a sandbox, so that a test controls what they use. */
import { randomInt } from 'node:crypto';
import { succeededEnd } from '../../../src/runs/end-reasons.ts';
import { settleSubtask, type SubtaskOutcome } from '../../../src/runs/finish.ts';
import { registerRunner } from '../../../src/runner/lease.ts';
import type { TestPlatform } from '../../support/test-platform.ts';

export interface StartedSubtask {
  readonly id: number;
  readonly attempt: number;
}

/** Marks the subtasks of a run as running for two hours, with workers that started up to an hour ago. */
export async function startSubtasks(platform: TestPlatform, runSlug: string): Promise<StartedSubtask[]> {
  const { database } = platform.platform;
  const runnerId = await registerRunner(database, { runnerSlots: 100, sandbox: 'bubblewrap' });
  const { rows } = await database.pool.query<{ id: number }>(
    `UPDATE subtask SET status = 'running', runner_id = $2, attempt = 1, started_at = now() - interval '2 hours',
       worked_from = now() - random() * interval '1 hour'
     WHERE run_id = (SELECT id FROM run WHERE slug = $1) AND status = 'ready' RETURNING id`,
    [runSlug, runnerId],
  );
  await database.pool.query(`UPDATE run SET status = 'running', started_at = now() WHERE slug = $1`, [
    runSlug,
  ]);
  return rows.map(({ id }) => ({ id, attempt: 1 }));
}

/** Adds rows and traffic to a run, as ingest and proxy do. */
export async function use(platform: TestPlatform, runSlug: string, results: number, trafficBytes: number) {
  await platform.platform.database.pool.query(
    'UPDATE run SET result_count = result_count + $2, traffic_bytes = traffic_bytes + $3 WHERE slug = $1',
    [runSlug, results, trafficBytes],
  );
}

export async function settle(
  { platform: { database, callbacks, accounts, events } }: TestPlatform,
  subtask: StartedSubtask,
  outcome: Partial<SubtaskOutcome> = {},
): Promise<void> {
  const services = { database, callbacks, usage: accounts.usage, events };
  await settleSubtask(services, subtask, { end: succeededEnd, ...outcome });
}

export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: randomInt(2 ** 40) }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
