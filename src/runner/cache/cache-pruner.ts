/**
 * Removes entries of the cache folder that have not been used for a long time, and the least recently used ones if the
 * cache is too large: unpacked packages and installed dependencies, which are recreated on demand. Never removes an
 * entry in use.
 */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Events } from '../../events/events.ts';
import { Periodic } from '../../services/periodic.ts';
import { StartStop } from '../../services/service.ts';
import { freshMilliseconds, type CacheUse } from './cache-use.ts';

/** Folders of the cache whose entries can be recreated. */
const parents = [
  'packages',
  'node-dependencies',
  'python-dependencies',
  'node-runtimes',
  'package-managers',
] as const;
const droppedPrefix = '.dropped-';
const hourMilliseconds = 3600 * 1000;
const dayMilliseconds = 24 * hourMilliseconds;

interface Entry {
  readonly folder: string;
  readonly usedAtMilliseconds: number;
  readonly bytes: number;
}

interface CachePrunerOptions {
  readonly cacheDir: string;
  /** Entries unused for this long are removed. */
  readonly retentionDays: number;
  /** Maximum size of the cache after pruning. */
  readonly limitBytes: number;
  readonly use: CacheUse;
  readonly events: Events;
}

async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    // Counts blocks, which is the space that files really take.
    const { blocks } = await lstat(path.join(entry.parentPath, entry.name));
    bytes += blocks * 512;
  }
  return bytes;
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** For files that another process may remove at any time. */
function unlessGone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (!isGone(error)) throw error;
    return instead;
  };
}

/** Prunes at start, in the background, and then every hour. */
export class CachePruner extends StartStop {
  readonly name = 'cache pruner';
  readonly #options: CachePrunerOptions;
  readonly #prunings: Periodic;
  /** Entries never change, so each is measured once. */
  readonly #bytes = new Map<string, number>();

  constructor(options: CachePrunerOptions) {
    super();
    this.#options = options;
    this.#prunings = new Periodic({
      intervalMilliseconds: hourMilliseconds,
      work: () => this.prune(new Date()),
      onError: (err) => options.events.failed({ work: 'prune-cache', err }),
    });
  }

  protected override async begin(): Promise<void> {
    this.#prunings.start();
    this.#prunings.trigger();
  }

  protected override async end(): Promise<void> {
    await this.#prunings.stop();
  }

  async prune(now: Date): Promise<void> {
    const { cacheDir, retentionDays, limitBytes, use, events } = this.#options;
    const oldest = now.getTime() - retentionDays * dayMilliseconds;
    const found = await Promise.all(parents.map((parent) => this.#entries(path.join(cacheDir, parent))));
    const entries = found.flat().toSorted((one, other) => one.usedAtMilliseconds - other.usedAtMilliseconds);
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const entry of entries) {
      const isUnused = entry.usedAtMilliseconds < oldest;
      if (!isUnused && total <= limitBytes) break;
      const mayBeInUse = entry.usedAtMilliseconds > now.getTime() - freshMilliseconds;
      if (mayBeInUse || use.isHeld(entry.folder)) continue;
      if (!(await this.#drop(entry, now))) continue;
      total -= entry.bytes;
      events.emit('cache:dropped', { folder: entry.folder, bytes: entry.bytes });
    }
  }

  async #entries(parent: string): Promise<Entry[]> {
    const names = await readdir(parent).catch(unlessGone([] as string[]));
    await Promise.all(
      // Left by a process that was killed while it removed them.
      names
        .filter((name) => name.startsWith(droppedPrefix))
        .map(async (name) => rm(path.join(parent, name), { recursive: true, force: true })),
    );
    const entries: Entry[] = [];
    for (const name of names) {
      if (name.startsWith('.') || name.startsWith('draft-')) continue;
      const folder = path.join(parent, name);
      const entry = await this.#entry(folder).catch((err: unknown) => {
        // An entry that cannot be read must not keep the others.
        if (!isGone(err)) this.#options.events.failed({ work: 'prune-cache', err });
      });
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  async #entry(folder: string): Promise<Entry> {
    const { mtimeMs } = await stat(folder);
    const bytes = this.#bytes.get(folder) ?? (await bytesOf(folder));
    this.#bytes.set(folder, bytes);
    return { folder, usedAtMilliseconds: mtimeMs, bytes };
  }

  /**
   * Renames the entry first, so that others see all of it or nothing. @returns false if it came into use in the
   * meantime
   */
  async #drop({ folder }: Entry, now: Date): Promise<boolean> {
    const aside = path.join(path.dirname(folder), `${droppedPrefix}${randomUUID()}`);
    await rename(folder, aside);
    const { mtimeMs } = await stat(aside);
    if (mtimeMs > now.getTime() - freshMilliseconds) {
      await rename(aside, folder).catch(async () => rm(aside, { recursive: true, force: true }));
      return false;
    }
    this.#bytes.delete(folder);
    await rm(aside, { recursive: true, force: true });
    return true;
  }
}
