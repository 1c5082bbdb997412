/** The folder of what must be kept. One platform at a time may work in it. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunning, processIdentity } from './process-identity.ts';

/** A takeover lasts a few milliseconds; one that lasts longer was cut off. */
const longestTakeoverMilliseconds = 10_000;
const takeoverPauseMilliseconds = 20;

/** Another Chela works in the folder. */
export class DataFolderInUseError extends Error {
  override name = 'DataFolderInUseError';

  constructor(dataDir: string, processId: number) {
    super(
      `Chela is already running in ${dataDir} (process ${processId}): stop that one, or use another folder with --data-dir or CHELA_DATA_DIR`,
    );
  }
}

/**
 * Takes the folder for this process, making it where it does not exist. A lock that a dead process left is taken over.
 * @returns the way to give it back
 * @throws DataFolderInUseError
 */
export async function lockDataFolder(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lockFile = path.join(dataDir, 'lock');
  const own = (await processIdentity(process.pid)) ?? String(process.pid);
  // A lock appears with its content or not at all: who found an empty one would take it for a dead process's.
  const draft = `${lockFile}.${randomUUID()}`;
  await writeFile(draft, own);
  try {
    for (;;) {
      if (await placed(draft, lockFile)) break;
      const holder = await contentOf(lockFile);
      if (holder === undefined) continue;
      if (await isRunning(holder)) throw new DataFolderInUseError(dataDir, Number.parseInt(holder, 10));
      if (await takenOver(draft, lockFile, holder)) break;
    }
  } finally {
    await rm(draft, { force: true });
  }
  return () => rm(lockFile, { force: true });
}

async function contentOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Whether the error says that something is there already. */
function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST';
}

async function placed(draft: string, lockFile: string): Promise<boolean> {
  try {
    await link(draft, lockFile);
    return true;
  } catch (error) {
    if (isThere(error)) return false;
    throw error;
  }
}

/** Replaces the lock of a dead holder. One process at a time may: between a look and a removal the lock could change. */
async function takenOver(draft: string, lockFile: string, holder: string): Promise<boolean> {
  const turn = `${lockFile}.takeover`;
  try {
    await mkdir(turn);
  } catch (error) {
    if (!isThere(error)) throw error;
    const entry = await stat(turn).catch(() => undefined);
    if (entry !== undefined && Date.now() - entry.mtimeMs > longestTakeoverMilliseconds)
      await rm(turn, { recursive: true, force: true });
    await delay(takeoverPauseMilliseconds);
    return false;
  }
  try {
    if ((await contentOf(lockFile)) !== holder) return false;
    await rename(draft, lockFile);
    return true;
  } finally {
    await rm(turn, { recursive: true, force: true });
  }
}
