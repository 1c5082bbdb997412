/**
 * Which version of a worker is current, the one that runs use if they name none. An uploaded version becomes current
 * once its dependencies are installed, so that an upload that cannot be installed never replaces a version that works.
 */
import type { PoolClient } from 'pg';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { InstallStatus } from './install-statuses.ts';

/**
 * Locks the worker of a version. Transactions lock a worker before the installations of its versions, so that they
 * cannot wait for each other.
 */
export async function lockWorkerOf(client: PoolClient, versionId: number): Promise<void> {
  await client.query(
    `SELECT FROM worker WHERE id = (SELECT worker_id FROM worker_version WHERE id = $1) FOR NO KEY UPDATE`,
    [versionId],
  );
}

/**
 * Makes an uploaded version current if that awaited its installation. Older versions that still await theirs will not
 * replace it. Call it with the worker locked.
 */
export async function makeCurrentIfAwaited(client: PoolClient, versionId: number): Promise<void> {
  await client.query(
    `WITH awaited AS (
       SELECT worker_id, id AS version_id FROM worker_version WHERE id = $1 AND becomes_current
     ), settled AS (
       UPDATE worker_version SET becomes_current = false FROM awaited
       WHERE worker_version.worker_id = awaited.worker_id AND worker_version.id <= awaited.version_id
         AND worker_version.becomes_current
     )
     UPDATE worker SET current_version_id = awaited.version_id FROM awaited WHERE worker.id = awaited.worker_id`,
    [versionId],
  );
}

/**
 * Makes a version current now, or once its dependencies are installed if that is in progress. No other version of the
 * worker replaces it unless it is uploaded later.
 * @param worker.id key of the worker
 * @returns the name of the version that was current before
 * @throws ChelaError INVALID_ARGUMENT if the dependencies of the version could not be installed
 */
export async function makeCurrent(
  client: PoolClient,
  worker: { readonly id: number },
  version: { readonly id: number; readonly version: string },
): Promise<string> {
  const { rows } = await client.query<{ previous: string }>(
    `SELECT version AS previous FROM worker JOIN worker_version ON worker_version.id = current_version_id
     WHERE worker.id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE OF worker`,
    [worker.id],
  );
  const [found] = rows;
  if (found === undefined) throw new ChelaError('NOT_FOUND', 'the worker was deleted in the meantime');
  const { rows: installs } = await client.query<{ status: InstallStatus }>(
    'SELECT status FROM dependency_install WHERE worker_version_id = $1',
    [version.id],
  );
  const status = installs[0]?.status ?? 'none';
  if (status === 'failed') {
    throw invalidArgument(
      `${version.version} cannot run, because its dependencies could not be installed: retry the installation, or choose another version`,
    );
  }
  const mustWait = status === 'waiting' || status === 'installing';
  await client.query(
    `UPDATE worker_version SET becomes_current = (id = $2 AND $3) WHERE worker_id = $1 AND (becomes_current OR id = $2)`,
    [worker.id, version.id, mustWait],
  );
  if (!mustWait)
    await client.query('UPDATE worker SET current_version_id = $2 WHERE id = $1', [worker.id, version.id]);
  return found.previous;
}
