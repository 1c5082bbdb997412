/**
 * Makes sure that of all processes sharing a cache folder, only one builds an entry. The lock is a folder whose
 * modification time its holder renews. A killed holder stops renewing, and another process takes over. Waiting
 * processes read the holder's output.
 */
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Periodic } from '../../services/periodic.ts';

const renewalMilliseconds = 5000;
/** If a waiting process sees no renewal for this long, the holder is dead. */
const staleMilliseconds = 6 * renewalMilliseconds;
const lookMilliseconds = 200;

/** Reads the holder's output from where it last stopped. */
class LogReader {
  readonly #file: string;
  #offset = 0;
  #rest = '';

  constructor(file: string) {
    this.#file = file;
  }

  async lines(): Promise<string[]> {
    const handle = await open(this.#file).catch(() => undefined);
    if (handle === undefined) return [];
    await using file = handle;
    const { size } = await file.stat();
    if (size <= this.#offset) return [];
    const { buffer } = await file.read(
      Buffer.alloc(size - this.#offset),
      0,
      size - this.#offset,
      this.#offset,
    );
    this.#offset = size;
    const lines = (this.#rest + buffer.toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }
}

export class BuildLock {
  readonly #folder: string;
  readonly #renewals: Periodic;
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#renewals = new Periodic({
      intervalMilliseconds: renewalMilliseconds,
      work: async () => {
        const now = new Date();
        await utimes(folder, now, now);
      },
      onError: () => {
        // Another process took over. Both build the same content, and the first to finish wins.
      },
    });
    this.#renewals.start();
  }

  /**
   * Waits for the lock.
   * @param folder the lock; its parent folder exists
   * @param isDone whether the entry has been built
   * @param onLine called with the output of another holder while waiting
   * @returns undefined if another holder has built the entry
   */
  static async acquire(
    folder: string,
    isDone: () => Promise<boolean>,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<BuildLock | undefined> {
    let log = new LogReader(path.join(folder, 'log'));
    // On the monotonic clock: the wall clock may jump, and a shared file system may use another machine's clock.
    let renewal = { mtimeMs: Number.NaN, seenAt: 0 };
    for (;;) {
      if (await isDone()) return undefined;
      const isMine = await mkdir(folder).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
          return false;
        },
      );
      if (isMine) {
        // The previous holder may have finished between the two checks.
        if (!(await isDone())) return new BuildLock(folder);
        await rm(folder, { recursive: true, force: true });
        return undefined;
      }
      const held = await stat(folder).catch(() => undefined);
      if (held !== undefined && held.mtimeMs !== renewal.mtimeMs)
        renewal = { mtimeMs: held.mtimeMs, seenAt: performance.now() };
      if (held === undefined) log = new LogReader(path.join(folder, 'log'));
      else if (performance.now() - renewal.seenAt > staleMilliseconds) await removeStale(folder);
      else {
        for (const line of await log.lines()) onLine(line);
        await delay(lookMilliseconds, undefined, { signal });
      }
    }
  }

  /** Shows a line to waiting processes. */
  print(line: string): void {
    const text = `${line.replaceAll('\n', ' ')}\n`;
    this.#writing = this.#writing
      .then(() => appendFile(path.join(this.#folder, 'log'), text))
      .catch(() => undefined);
  }

  async release(): Promise<void> {
    await this.#renewals.stop();
    await this.#writing;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Renames the lock first, so that of several processes that find it stale only one removes it, and none the next lock.
 */
async function removeStale(folder: string): Promise<void> {
  const aside = path.join(path.dirname(folder), `.draft-${randomUUID()}`);
  await rename(folder, aside).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
}
