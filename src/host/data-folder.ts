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

export interface DataFolderLock {
  /** Gives the folder back. */
  readonly release: () => Promise<void>;
  /** Id of the process that had the folder before and died in it. */
  readonly diedProcessId: number | undefined;
}

/**
 * Takes the folder for this process, making it where it does not exist. A lock that a dead process left is taken over.
 * @throws DataFolderInUseError
 */
export async function lockDataFolder(dataDir: string): Promise<DataFolderLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lockFile = path.join(dataDir, 'lock');
  const own = (await processIdentity(process.pid)) ?? String(process.pid);
  // A lock appears with its content or not at all: who found an empty one would take it for a dead process's.
  const draft = `${lockFile}.${randomUUID()}`;
  await writeFile(draft, own);
  const takeover = new Takeover(draft, lockFile);
  const release = (): Promise<void> => rm(lockFile, { force: true });
  try {
    for (;;) {
      if (await placed(draft, lockFile)) return { release, diedProcessId: undefined };
      const holder = await contentOf(lockFile);
      if (holder === undefined) continue;
      const processId = Number.parseInt(holder, 10);
      if (await isRunning(holder)) throw new DataFolderInUseError(dataDir, processId);
      if (await takeover.done(holder)) {
        return { release, diedProcessId: processId > 0 ? processId : undefined };
      }
    }
  } finally {
    await rm(draft, { force: true });
  }
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
class Takeover {
  readonly #draft: string;
  readonly #lockFile: string;
  readonly #turn: string;
  /** Of those who take over, the one that was seen last, and since when; monotonic. */
  #other: { readonly identity: string; readonly sinceMilliseconds: number } | undefined;

  constructor(draft: string, lockFile: string) {
    this.#draft = draft;
    this.#lockFile = lockFile;
    this.#turn = `${lockFile}.takeover`;
  }

  /** @returns false if the lock has to be looked at again */
  async done(holder: string): Promise<boolean> {
    try {
      await mkdir(this.#turn);
    } catch (error) {
      if (!isThere(error)) throw error;
      await this.#waitForOther();
      return false;
    }
    try {
      if ((await contentOf(this.#lockFile)) !== holder) return false;
      await rename(this.#draft, this.#lockFile);
      return true;
    } finally {
      await rm(this.#turn, { recursive: true, force: true });
    }
  }

  /** Waits a moment; one that takes too long was cut off, and is removed. */
  async #waitForOther(): Promise<void> {
    const entry = await stat(this.#turn).catch(() => undefined);
    const now = performance.now();
    const identity = `${entry?.ino} ${entry?.ctimeMs}`;
    if (this.#other?.identity !== identity) this.#other = { identity, sinceMilliseconds: now };
    else if (now - this.#other.sinceMilliseconds > longestTakeoverMilliseconds)
      await rm(this.#turn, { recursive: true, force: true });
    await delay(takeoverPauseMilliseconds);
  }
}
