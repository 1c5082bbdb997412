/** Locks the data folder, so that only one platform works in it at a time. */
import { randomUUID } from 'node:crypto';
import { access, constants, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from './make-folder.ts';
import { isRunning, processIdentity } from './process-identity.ts';

/** A takeover takes some milliseconds; a longer one was interrupted. */
const maxTakeoverMilliseconds = 10_000;
const takeoverPauseMilliseconds = 20;

/** Another Chela is using the folder. */
export class DataFolderInUseError extends Error {
  override name = 'DataFolderInUseError';

  constructor(dataDir: string, processId: number) {
    super(
      `Chela is already running in ${dataDir} (process ${processId}): stop it, or use another folder with --data-dir or CHELA_DATA_DIR`,
    );
  }
}

/** Nothing can be written into the folder. */
export class DataFolderNotWritableError extends Error {
  override name = 'DataFolderNotWritableError';

  constructor(dataDir: string, cause: NodeJS.ErrnoException) {
    super(
      `nothing can be written into the data folder ${dataDir} (${reasons[cause.code ?? ''] ?? cause.code}): make it writable for this user, or use another folder with --data-dir or CHELA_DATA_DIR`,
      { cause },
    );
  }
}

/** What the system's error codes mean here. */
const reasons: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOSPC: 'its disk is full',
  EDQUOT: 'the disk quota is exceeded',
  ENOENT: 'no folder can be created there',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a file has its name',
};

/**
 * Creates the folder if it does not exist.
 * @throws DataFolderNotWritableError
 */
export async function makeDataFolder(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir, 0o700);
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DataFolderNotWritableError(dataDir, error as NodeJS.ErrnoException);
  }
}

export interface DataFolderLock {
  /** Unlocks the folder. */
  readonly release: () => Promise<void>;
  /** Identity of the process that died while it held the lock. */
  readonly diedProcess: string | undefined;
}

/**
 * Locks the folder for this process, and creates it if it does not exist. Takes over the lock of a dead process.
 * @throws DataFolderInUseError, DataFolderNotWritableError
 */
export async function lockDataFolder(dataDir: string): Promise<DataFolderLock> {
  const lockFile = path.join(dataDir, 'lock');
  const own = (await processIdentity(process.pid)) ?? String(process.pid);
  // Written to a draft and linked, because others would take an empty lock for that of a dead process.
  const draft = `${lockFile}.${randomUUID()}`;
  await makeDataFolder(dataDir);
  await writeFile(draft, own);
  const takeover = new Takeover(draft, lockFile);
  const release = (): Promise<void> => rm(lockFile, { force: true });
  try {
    for (;;) {
      if (await placed(draft, lockFile)) return { release, diedProcess: undefined };
      const holder = await contentOf(lockFile);
      if (holder === undefined) continue;
      const processId = Number.parseInt(holder, 10);
      if (await isRunning(holder)) throw new DataFolderInUseError(dataDir, processId);
      if (await takeover.done(holder)) {
        return { release, diedProcess: processId > 0 ? holder : undefined };
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

/** Whether the error says that the file already exists. */
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

/**
 * Replaces the lock of a dead process. Only one process may do so at a time, or it could remove a lock that has
 * changed.
 */
class Takeover {
  readonly #draft: string;
  readonly #lockFile: string;
  readonly #turn: string;
  /** The last seen concurrent takeover, and since when, on the monotonic clock. */
  #other: { readonly identity: string; readonly sinceMilliseconds: number } | undefined;

  constructor(draft: string, lockFile: string) {
    this.#draft = draft;
    this.#lockFile = lockFile;
    this.#turn = `${lockFile}.takeover`;
  }

  /** @returns false if the lock must be checked again */
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

  /** Waits a moment. Removes the mark of a takeover that takes too long, because it was interrupted. */
  async #waitForOther(): Promise<void> {
    const entry = await stat(this.#turn).catch(() => undefined);
    const now = performance.now();
    const identity = `${entry?.ino} ${entry?.ctimeMs}`;
    if (this.#other?.identity !== identity) this.#other = { identity, sinceMilliseconds: now };
    else if (now - this.#other.sinceMilliseconds > maxTakeoverMilliseconds)
      await rm(this.#turn, { recursive: true, force: true });
    await delay(takeoverPauseMilliseconds);
  }
}
