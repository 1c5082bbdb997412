/**
 * Marks what running subtasks use of the cache, so that no process drops it: the time of an entry's folder is that of its
 * last use, and is renewed for as long as it is in use. A process that is killed renews nothing.
 */
import { utimes } from 'node:fs/promises';
import { Periodic } from '../../services/periodic.ts';
import { StartStop } from '../../services/service.ts';

const renewalMilliseconds = 60_000;
/** An entry that was used within this time may be in use by another process. */
export const freshMilliseconds = 10 * renewalMilliseconds;

/** Marks a folder as used now. @returns false if it is not there */
export async function touch(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

/** Renews while it is started. */
export class CacheUse extends StartStop {
  readonly name = 'cache use';
  /** How many subtasks use an entry, by its folder. */
  readonly #users = new Map<string, number>();
  readonly #renewals = new Periodic({
    intervalMilliseconds: renewalMilliseconds,
    work: async () => {
      await Promise.all(Array.from(this.#users.keys(), touch));
    },
    onError: () => {
      // Touching never rejects.
    },
  });

  protected override async begin(): Promise<void> {
    this.#renewals.start();
  }

  protected override async end(): Promise<void> {
    await this.#renewals.stop();
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
