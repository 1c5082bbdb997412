/**
 * Has one process of those that share a cache folder build an entry. The lock is a folder, whose time its holder renews: a
 * process that is killed renews nothing, and somebody else takes over. Those who wait read the holder's lines.
 */
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Periodic } from '../../services/periodic.ts';

const renewalMilliseconds = 5000;
/** A lock that nobody renews for this long, before the eyes of one who waits, is a dead process's. */
const staleMilliseconds = 6 * renewalMilliseconds;
const lookMilliseconds = 200;

/** What the holder printed, from where the last look ended. */
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
        // Somebody took over: what both build is the same, and the first to finish wins.
      },
    });
    this.#renewals.start();
  }

  /**
   * Waits for the lock.
   * @param folder of the lock; its parent is there
   * @param isDone whether there is nothing to build any more
   * @param onLine gets what another holder prints meanwhile
   * @returns undefined if another holder has built
   */
  static async acquire(
    folder: string,
    isDone: () => Promise<boolean>,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<BuildLock | undefined> {
    let log = new LogReader(path.join(folder, 'log'));
    // By the monotonic clock: the wall clock may step, and that of a shared file system may be another machine's.
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
        // The holder before may have finished between the two looks.
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

  /** Shows a line to those who wait in other processes. */
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

/** By a rename first: of several who see it stale, one removes it, and none the one that is made next. */
async function removeStale(folder: string): Promise<void> {
  const aside = path.join(path.dirname(folder), `.draft-${randomUUID()}`);
  await rename(folder, aside).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
}
