/** Moves blobs between two kinds of storage while the platform uses both. */
import { settings, type Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { moveBlobs, type MoveCounts } from '../storage/move-blobs.ts';
import { storageOfKind } from '../storage/open-storage.ts';
import { CommandError } from './command-error.ts';
import { print, say } from './printing.ts';
import { withDatabase } from './with-database.ts';

const progressMilliseconds = 5000;
const mebibyte = 1024 * 1024;

function countsText({ blobs, bytes }: MoveCounts): string {
  return `${blobs} blobs, ${(bytes / mebibyte).toFixed(1)} MiB`;
}

/** Runs the work if no other process moves blobs: two of them would remove what the other has copied. */
async function alone(database: Database, work: () => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    const { rows } = await client.query<{ locked: boolean }>(
      "SELECT pg_try_advisory_lock(hashtext('chela storage move')) AS locked",
    );
    if (rows[0]?.locked !== true)
      throw new CommandError('another process moves blobs already, or makes a backup');
    await work();
  } finally {
    // Closing the connection gives the lock back.
    client.release(true);
  }
}

/** @throws CommandError */
export async function moveStorage(config: Config): Promise<void> {
  const { storage, storagePrevious } = config;
  if (storagePrevious === '') {
    throw new CommandError(
      `set ${settings.storagePrevious.environment} to where blobs are stored now, and ${settings.storage.environment} to where they are to be, for the platform and for this command`,
    );
  }
  const [from, to] = [storageOfKind(storagePrevious, config), storageOfKind(storage, config)];
  await withDatabase(config, (database) =>
    alone(database, async () => {
      try {
        await Promise.all([from.check(), to.check()]);
        let told = Date.now();
        const counts = await moveBlobs(from, to, (soFar) => {
          if (Date.now() - told < progressMilliseconds) return;
          told = Date.now();
          say(`moved ${countsText(soFar)} …`);
        });
        await print(`moved ${countsText(counts)}`);
        say(`Nothing is left: start the platform without ${settings.storagePrevious.environment}.`);
      } catch (error) {
        throw new CommandError(`${(error as Error).message} (what was moved stays moved: try again)`);
      }
    }),
  );
}
