/**
 * Marks what running subtasks use of the cache, so that no process drops it: the time of an entry's folder is that of its
 * last use, and is renewed for as long as it is in use. A process that is killed renews nothing.
 */
import { utimes } from 'node:fs/promises';

const renewalMilliseconds = 60_000;
/** An entry that was used within this time may be in use by another process. */
export const freshMilliseconds = 10 * renewalMilliseconds;

/** Marks a folder as used now. @returns false where it is not there */
export async function touch(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

export class CacheUse {
  /** How many subtasks use an entry, by its folder. */
  readonly #users = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** Begins to renew. */
  start(): void {
    this.#timer ??= setInterval(() => {
      for (const folder of this.#users.keys()) void touch(folder);
    }, renewalMilliseconds);
  }

  /** May be called twice. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Keeps entries in the cache until the answer is called. */
  async hold(folders: readonly string[]): Promise<() => void> {
    for (const folder of folders) this.#users.set(folder, (this.#users.get(folder) ?? 0) + 1);
    await Promise.all(folders.map(touch));
    return () => {
      for (const folder of folders) {
        const users = (this.#users.get(folder) ?? 1) - 1;
        if (users === 0) this.#users.delete(folder);
        else this.#users.set(folder, users);
      }
    };
  }

  isHeld(folder: string): boolean {
    return this.#users.has(folder);
  }
}
