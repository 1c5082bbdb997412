/**
 * A runner's lease: one row that it renews. A runner that stops renewing is lost, and its subtasks are taken from it.
 */
import { hostname } from 'node:os';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { machineIdentity, processIdentity } from '../host/process-identity.ts';
import { version } from '../version.ts';

/** @returns key of the new runner */
export async function registerRunner(
  database: Database,
  { runnerSlots, sandbox }: Pick<Config, 'runnerSlots' | 'sandbox'>,
): Promise<number> {
  const { rows } = await database.pool.query<{ id: number }>(
    `INSERT INTO runner (hostname, process_id, slots, version, node_version, sandbox, machine, process)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
    [
      hostname(),
      process.pid,
      runnerSlots,
      version,
      process.version,
      sandbox,
      await machineIdentity(),
      (await processIdentity(process.pid)) ?? '',
    ],
  );
  return rows[0]?.id ?? 0;
}

/** @returns false if the lease has been ended: others consider this runner lost, and it must stop all its work */
export async function renewLease(database: Database, runnerId: number): Promise<boolean> {
  const result = await database.pool.query({
    name: 'renew-lease',
    text: 'UPDATE runner SET heartbeat_at = now() WHERE id = $1',
    values: [runnerId],
  });
  return result.rowCount === 1;
}

export async function endLease(database: Database, runnerId: number): Promise<void> {
  await database.pool.query('DELETE FROM runner WHERE id = $1', [runnerId]);
}

/**
 * Ends the leases of the dead process that held the lock of this data folder, and with it of the database in it. Needed
 * if it ran before a restart of the machine or container.
 */
export async function endLeasesOfProcess(database: Database, identity: string): Promise<void> {
  await database.pool.query('DELETE FROM runner WHERE process = $1', [identity]);
}

export interface OtherRunner {
  readonly hostname: string;
  readonly processId: number;
  /** Empty if it is not known. */
  readonly version: string;
}

/** Runners with another version of Chela than the given one. */
export async function runnersOfOtherVersions(database: Database, own: string): Promise<OtherRunner[]> {
  const { rows } = await database.pool.query<OtherRunner>(
    `SELECT hostname, process_id AS "processId", version FROM runner WHERE version <> $1 ORDER BY id`,
    [own],
  );
  return rows;
}

/** Keys of runs that are being aborted and have subtasks on this runner. */
export async function runsToAbort(database: Database, runnerId: number): Promise<number[]> {
  const { rows } = await database.pool.query<{ run_id: number }>({
    name: 'runs-to-abort',
    text: `SELECT DISTINCT run_id FROM subtask JOIN run ON run.id = subtask.run_id
           WHERE runner_id = $1 AND subtask.status = 'running' AND run.status = 'aborting'`,
    values: [runnerId],
  });
  return rows.map((row) => row.run_id);
}
