/** Changes a worker's settings, and deletes workers. */
import type { Database } from '../database/database.ts';
import type { Storage } from '../storage/storage.ts';
import { readAllowedHosts } from './allowed-hosts.ts';
import { giveUpBlobs, type WorkerBlobs } from './worker-blobs.ts';
import { storeIcon } from './worker-icon.ts';

/** Omitted fields keep their values. */
export interface WorkerSettings {
  readonly title?: string;
  readonly description?: string;
  /** 0 for none. */
  readonly category?: number;
  readonly isPublic?: boolean;
  /** A data URL; empty for none. */
  readonly icon?: string;
  /** null allows every host. */
  readonly allowedHosts?: readonly string[] | null;
}

/** @throws ChelaError INVALID_ARGUMENT for an icon that is not an image, or a host that is not valid */
export async function changeWorker(
  database: Database,
  storage: Storage,
  blobs: WorkerBlobs,
  workerKey: number,
  { title, description, category, isPublic, icon, allowedHosts }: WorkerSettings,
): Promise<void> {
  const hosts =
    allowedHosts === undefined || allowedHosts === null
      ? null
      : JSON.stringify(readAllowedHosts(allowedHosts, 'allowed_hosts'));
  const iconKey = icon === undefined || icon === '' ? null : await storeIcon(storage, blobs, icon);
  await database.sql
    .updateTable('worker')
    .set({
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(category !== undefined && { category: category === 0 ? null : category }),
      ...(isPublic !== undefined && { is_public: isPublic }),
      ...(allowedHosts !== undefined && { allowed_hosts: hosts }),
      ...(icon !== undefined && { icon_key: iconKey }),
      updated_at: new Date(),
    })
    .where('id', '=', workerKey)
    .execute();
}

/** Keeps the row for runs that refer to it, and renames it to its slug, which no other worker has. */
export async function deleteWorker(database: Database, workerKey: number): Promise<void> {
  await database.transaction(async (client) => {
    await giveUpBlobs(client, workerKey);
    await client.query(
      `UPDATE worker SET deleted_at = now(), updated_at = now(), is_public = false, name = 'deleted-' || lower(slug)
       WHERE id = $1 AND deleted_at IS NULL`,
      [workerKey],
    );
    await client.query(
      `UPDATE task SET worker_id = NULL, schedule_enabled = false, next_tick_at = NULL, queued_tick_at = NULL
       WHERE worker_id = $1`,
      [workerKey],
    );
    await client.query(
      `UPDATE queue_item SET status = 'released', reason = 'the worker was deleted', ended_at = now()
       WHERE worker_id = $1 AND status = 'waiting'`,
      [workerKey],
    );
    await client.query('UPDATE queue_item SET worker_id = NULL WHERE worker_id = $1', [workerKey]);
  });
}
