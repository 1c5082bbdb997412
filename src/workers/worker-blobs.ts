/**
 * The blobs of workers in storage: packages and icons. Their keys come from their content, so workers may share one, and it
 * may be uploaded again at any time. Each has a row, which is locked while the blob is removed: an upload of the same
 * content, in any process, then waits and stores it again.
 */
import type { PoolClient } from 'pg';
import { isFree, type Database } from '../database/database.ts';
import type { Storage } from '../storage/storage.ts';
import { invalidArgument } from '../errors.ts';

/** Time between an upload and its publication, and for work that still reads a blob that was given up. */
const graceMilliseconds = 24 * 3600 * 1000;
const removedAtOnce = 1000;

export function packageKey(hash: string): string {
  return `packages/${hash.slice(0, 2)}/${hash}.zip`;
}

/** A deleted worker still needs its package for runs that have not ended. */
const isReferenced = `(
  EXISTS (SELECT FROM worker WHERE worker.icon_key = worker_blob.key AND worker.deleted_at IS NULL)
  OR EXISTS (
    SELECT FROM worker_version JOIN worker ON worker.id = worker_version.worker_id
    WHERE package_hash = substring(worker_blob.key FROM '^packages/../([0-9a-f]{64})\\.zip$')
      AND (worker.deleted_at IS NULL OR EXISTS (
        SELECT FROM run WHERE run.worker_version_id = worker_version.id AND status IN ('ready', 'running', 'aborting')))))`;

export class WorkerBlobs {
  readonly #database: Database;
  readonly #storage: Pick<Storage, 'remove'>;

  constructor(database: Database, storage: Pick<Storage, 'remove'>) {
    this.#database = database;
    this.#storage = storage;
  }

  /** Keeps a blob from being removed for a while. Call it before checking whether it has to be stored. */
  async claim(key: string): Promise<void> {
    await this.#database.pool.query(
      `INSERT INTO worker_blob (key) VALUES ($1) ON CONFLICT (key) DO UPDATE SET claimed_at = now()`,
      [key],
    );
  }

  /**
   * Removes blobs to which nothing refers any more, and the installation logs of deleted workers. Safe to call
   * concurrently from any process.
   */
  async removeUnused(now: Date): Promise<void> {
    const before = new Date(now.getTime() - graceMilliseconds);
    await this.#database.pool.query(
      `DELETE FROM dependency_install WHERE worker_version_id IN (
         SELECT worker_version.id FROM worker_version JOIN worker ON worker.id = worker_id WHERE deleted_at < $1)`,
      [before],
    );
    const { rows } = await this.#database.pool.query<{ key: string }>(
      `SELECT key FROM worker_blob WHERE claimed_at < $1 AND NOT ${isReferenced} ORDER BY claimed_at, key LIMIT $2`,
      [before, removedAtOnce],
    );
    for (const { key } of rows) await this.#remove(key, before);
  }

  async #remove(key: string, before: Date): Promise<void> {
    await this.#database.transaction(async (client) => {
      if (!(await isFree(client, 'blobs'))) return;
      const { rowCount } = await client.query(
        `SELECT FROM worker_blob WHERE key = $1 AND claimed_at < $2 AND NOT ${isReferenced} FOR UPDATE SKIP LOCKED`,
        [key, before],
      );
      if (rowCount === 0) return;
      await this.#storage.remove(key);
      await client.query('DELETE FROM worker_blob WHERE key = $1', [key]);
    });
  }
}

/**
 * Notes that a version refers to its package from now on.
 * @param client in the transaction that publishes it
 * @param replaced key of the package that it gives up, which subtasks that were claimed before still read
 * @throws ChelaError INVALID_ARGUMENT if the package was removed since it was claimed
 */
export async function publishBlob(client: PoolClient, key: string, replaced = key): Promise<void> {
  const renewed = await renew(client, 'SELECT unnest($1::text[])', [[key, replaced]]);
  if (!renewed.includes(key))
    throw invalidArgument('the upload took longer than a day: upload the package again');
}

/** Notes that a worker gives up its blobs. They are removed after a while, unless another one refers to them. */
export async function giveUpBlobs(client: PoolClient, workerKey: number): Promise<void> {
  await renew(
    client,
    `SELECT icon_key FROM worker WHERE id = $1
     UNION SELECT 'packages/' || left(package_hash, 2) || '/' || package_hash || '.zip'
       FROM worker_version WHERE worker_id = $1`,
    [workerKey],
  );
}

/** Locks in one order, so that transactions do not wait for each other in a circle. */
async function renew(client: PoolClient, keys: string, values: unknown[]): Promise<string[]> {
  const { rows } = await client.query<{ key: string }>(
    `WITH locked AS (SELECT key FROM worker_blob WHERE key IN (${keys}) ORDER BY key FOR UPDATE)
     UPDATE worker_blob SET claimed_at = now() FROM locked WHERE worker_blob.key = locked.key
     RETURNING worker_blob.key`,
    values,
  );
  return rows.map(({ key }) => key);
}
