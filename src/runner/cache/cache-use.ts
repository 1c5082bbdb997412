/**
 * Marks cache entries that running subtasks use, so that no process removes them. The modification time of an entry's
 * folder is its time of last use, and is renewed during use. Entries of a killed process are no longer renewed.
 */
import { utimes } from 'node:fs/promises';
import { Periodic } from '../../services/periodic.ts';
import { StartStop } from '../../services/service.ts';

const renewalMilliseconds = 60_000;
/** An entry used within this time may still be in use by another process. */
export const freshMilliseconds = 10 * renewalMilliseconds;

/** Marks a folder as used now. @returns false if it does not exist */
export async function touch(folder: string): Promise<boolean> {
  const now = new Date();
  return utimes(folder, now, now).then(
    () => true,
    () => false,
  );
}

/** Renews the marks while it is started. */
export class CacheUse extends StartStop {
  readonly name = 'cache use';
  /** Number of subtasks that use an entry, by its folder. */
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

  /** Keeps entries in the cache. @returns a function that releases them */
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
