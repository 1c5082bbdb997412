/** A folder of installed dependencies, keyed by a hash of their declaration. Each is built once and never changes. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { touch } from '../cache/cache-use.ts';
import { removeTree } from '../../host/scratch-folder.ts';
import { BuildLock } from './build-lock.ts';

const staleDraftMilliseconds = 24 * 3600 * 1000;
const replayedLines = 1000;
const silenceMilliseconds = 10_000;

export interface Installation {
  /** Empty folder that becomes the cache entry. */
  readonly folder: string;
  /** Passes a line of output to all waiting requests. */
  readonly print: (line: string) => void;
  /** Aborted once no request is waiting. */
  readonly signal: AbortSignal;
}

interface Build {
  readonly result: Promise<string>;
  readonly abort: AbortController;
  readonly listeners: Set<(line: string) => void>;
  readonly lines: string[];
  waiting: number;
}

export async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** Lets every user read and execute the files, and nobody write them. Only the owner can remove the folders. */
async function openToReaders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  const entries = await readdir(folder, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return openToReaders(file);
      if (!entry.isFile()) return;
      const { mode } = await stat(file);
      await chmod(file, (mode & 0o111) === 0 ? 0o444 : 0o555);
    }),
  );
}

/** Prints a line every few seconds of silence: package managers print nothing while they resolve, unpack and build. */
async function withProgressLines(
  print: (line: string) => void,
  work: (print: (line: string) => void) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    print(`still installing, ${seconds} s so far`);
  }, silenceMilliseconds);
  try {
    await work((line) => {
      timer.refresh();
      print(line);
    });
  } finally {
    clearInterval(timer);
  }
}

export class DependencyCache {
  readonly #parent: string;
  readonly #builds = new Map<string, Build>();
  #swept: Promise<void> | undefined;

  /** @param parent folder of the entries, accessible to sandboxes; created if it does not exist */
  constructor(parent: string) {
    this.#parent = parent;
  }

  /**
   * The entry of a key, built if it does not exist. Requests for the same key share one installation. A failed
   * installation is retried on the next request.
   * @param key hash of what determines the content
   * @param install fills the entry's folder
   * @param onLine called with each line of output; a request that joins an installation also gets its earlier lines
   * @param signal cancels this request; the installation is cancelled once no request waits for it
   * @returns folder of the entry on the host
   */
  async folder(
    key: string,
    install: (installation: Installation) => Promise<void>,
    onLine: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<string> {
    const target = path.join(this.#parent, key);
    return (await touch(target)) ? target : this.#join(key, target, install, onLine, signal);
  }

  async #join(
    key: string,
    target: string,
    install: (installation: Installation) => Promise<void>,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const build = this.#builds.get(key) ?? this.#start(key, target, install);
    for (const line of build.lines) onLine(line);
    build.listeners.add(onLine);
    build.waiting += 1;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([build.result, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      build.listeners.delete(onLine);
      build.waiting -= 1;
      if (build.waiting === 0) {
        // New requests must start another build instead of joining the one that is being cancelled.
        if (this.#builds.get(key) === build) this.#builds.delete(key);
        build.abort.abort();
      }
    }
  }

  #start(key: string, target: string, install: (installation: Installation) => Promise<void>): Build {
    const parts = { abort: new AbortController(), listeners: new Set<(line: string) => void>(), lines: [] };
    const build: Build = { ...parts, result: this.#make(target, install, parts), waiting: 0 };
    this.#builds.set(key, build);
    const forget = (): void => {
      if (this.#builds.get(key) === build) this.#builds.delete(key);
    };
    build.result.then(forget, forget);
    return build;
  }

  async #make(
    target: string,
    install: (installation: Installation) => Promise<void>,
    { abort, listeners, lines }: Pick<Build, 'abort' | 'listeners' | 'lines'>,
  ): Promise<string> {
    const print = (line: string): void => {
      if (lines.length < replayedLines) lines.push(line);
      for (const listener of listeners) listener(line);
    };
    await mkdir(this.#parent, { recursive: true });
    await chmod(this.#parent, 0o755);
    this.#swept ??= this.#removeStaleDrafts();
    await this.#swept;
    const lockFolder = path.join(this.#parent, `.building-${path.basename(target)}`);
    const lock = await BuildLock.acquire(lockFolder, () => touch(target), print, abort.signal);
    if (lock === undefined) return target;
    try {
      const shown = (line: string): void => {
        lock.print(line);
        print(line);
      };
      await withProgressLines(shown, async (told) =>
        this.#build(target, install, { print: told, signal: abort.signal }),
      );
    } finally {
      await lock.release();
    }
    return target;
  }

  async #build(
    target: string,
    install: (installation: Installation) => Promise<void>,
    parts: Omit<Installation, 'folder'>,
  ): Promise<void> {
    const draft = path.join(this.#parent, `.draft-${randomUUID()}`);
    try {
      await mkdir(draft);
      await install({ folder: draft, ...parts });
      await openToReaders(draft);
      await this.#publish(draft, target);
    } finally {
      await removeTree(draft);
    }
  }

  async #publish(draft: string, target: string): Promise<void> {
    try {
      await rename(draft, target);
    } catch (error) {
      // Another process finished first; its folder has the same content.
      if (!(await isFolder(target))) throw error;
    }
  }

  /** Removes drafts of killed processes. */
  async #removeStaleDrafts(): Promise<void> {
    const names = (await readdir(this.#parent)).filter((name) => name.startsWith('.draft-'));
    await Promise.all(
      names.map(async (name) => {
        const draft = path.join(this.#parent, name);
        const entry = await stat(draft).catch(() => undefined);
        if (entry === undefined || Date.now() - entry.mtimeMs < staleDraftMilliseconds) return;
        await rm(draft, { recursive: true, force: true });
      }),
    );
  }
}
