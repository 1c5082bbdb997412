/**
 * Dependencies of Node packages: installed once per content of package.json and lock file, into a cache that runs mount
 * read-only. Install scripts never run, and nothing of the package itself takes part but those two files.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { npmCommands, runNpm } from './npm.ts';

/** Where npm may take packages from besides the registry; anything else would be a file or a secret of this host. */
const remoteSpec = /^(https?:|git\+https:|github:|gitlab:|bitbucket:)/;
const lockNames = ['npm-shrinkwrap.json', 'package-lock.json'];
const keptFields = ['dependencies', 'optionalDependencies', 'overrides'] as const;
const staleDraftMilliseconds = 24 * 3600 * 1000;
const replayedLines = 1000;
const mostKnownPackages = 10_000;

type Manifest = Partial<Record<(typeof keptFields)[number], Record<string, unknown>>>;

interface Lock {
  readonly name: string;
  readonly text: string;
}

interface Build {
  readonly result: Promise<string>;
  readonly abort: AbortController;
  readonly listeners: Set<(line: string) => void>;
  readonly lines: string[];
  waiting: number;
}

export interface DependenciesLogger {
  info(details: object, message: string): void;
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(name: string, content: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Error(`${name} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(value)) throw new Error(`${name} must hold a JSON object`);
  return value;
}

/** The part of package.json that decides what is installed. */
function readManifest(content: string): Manifest {
  const all = parseJson('package.json', content);
  const manifest: Manifest = {};
  for (const field of keptFields) {
    const value = all[field];
    if (value === undefined) continue;
    if (!isObject(value)) throw new Error(`"${field}" in package.json must be an object`);
    if (Object.keys(value).length > 0) manifest[field] = value;
  }
  for (const [name, spec] of Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    if (typeof spec !== 'string')
      throw new Error(`the version of dependency "${name}" in package.json must be a string`);
    refuseLocal(`dependency "${name}" in package.json`, spec);
  }
  refuseLocalWithin('the overrides of package.json', manifest.overrides ?? {});
  return manifest;
}

/** Paths and addresses of other kinds would reach into the host's own files and accounts. */
function refuseLocal(what: string, spec: string): void {
  const isLocal = /^(\.{0,2}\/|~\/)/.test(spec) || (/^[a-z+]+:/i.test(spec) && !spec.startsWith('npm:'));
  if (!isLocal || remoteSpec.test(spec)) return;
  throw new Error(
    `${what} comes from "${spec}": only the registry, http, https and git over https are possible`,
  );
}

/** Looks at every text below `value` that is named one of `names`; at every one where no names are given. */
function refuseLocalWithin(what: string, value: Record<string, unknown>, names?: readonly string[]): void {
  for (const [name, entry] of Object.entries(value)) {
    if (isObject(entry)) refuseLocalWithin(what, entry, names);
    else if (typeof entry === 'string' && (names?.includes(name) ?? true))
      refuseLocal(`"${name}" in ${what}`, entry);
  }
}

async function readLock(packageDir: string): Promise<Lock | undefined> {
  for (const name of lockNames) {
    const content = await textOf(path.join(packageDir, name));
    if (content !== undefined) return { name, text: content };
  }
  return undefined;
}

async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** Lets every user read and run what is below, and nobody write its files. Folders stay their owner's to remove. */
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

export class NodeDependencies {
  readonly #parent: string;
  readonly #logger: DependenciesLogger | undefined;
  readonly #timeLimitSeconds: number;
  readonly #builds = new Map<string, Build>();
  /** Installed folder by package folder. A package never changes, so it is read and checked once. */
  readonly #installed = new Map<string, string>();
  #swept: Promise<void> | undefined;

  /**
   * @param options.cacheDir folder that sandboxes can reach
   * @param options.timeLimitSeconds longest an installation may take
   */
  constructor({
    cacheDir,
    logger,
    timeLimitSeconds = 900,
  }: {
    cacheDir: string;
    logger?: DependenciesLogger | undefined;
    timeLimitSeconds?: number;
  }) {
    this.#parent = path.join(cacheDir, 'node-dependencies');
    this.#logger = logger;
    this.#timeLimitSeconds = timeLimitSeconds;
  }

  /**
   * Installs what a package depends on, unless that was done before. Requests for the same content share one
   * installation; one that failed is tried again at the next request.
   * @param packageDir folder of the unpacked package, whose content never changes
   * @param onLine gets each line npm prints; a request that joins an installation gets its earlier lines too
   * @param signal ends this request; the installation ends once no request waits for it
   * @returns host folder to mount as `node_modules`; undefined where there are no dependencies
   * @throws Error with the reason, or the end of npm's output
   */
  async install(
    packageDir: string,
    onLine: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    signal?.throwIfAborted();
    const known = this.#installed.get(packageDir);
    if (known !== undefined && (await isFolder(known))) return known;
    const modules = await this.#install(packageDir, onLine, signal);
    if (this.#installed.size >= mostKnownPackages) this.#installed.clear();
    if (modules !== undefined) this.#installed.set(packageDir, modules);
    return modules;
  }

  async #install(
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const content = await textOf(path.join(packageDir, 'package.json'));
    if (content === undefined) return undefined;
    const manifest = readManifest(content);
    if (manifest.dependencies === undefined && manifest.optionalDependencies === undefined) return undefined;
    const lock = await readLock(packageDir);
    if (lock !== undefined)
      refuseLocalWithin(lock.name, parseJson(lock.name, lock.text), ['resolved', 'version']);

    const major = process.versions.node.split('.')[0];
    const key = createHash('sha256')
      .update(JSON.stringify([manifest, lock?.name, lock?.text, major, process.platform, process.arch]))
      .digest('hex');
    const target = path.join(this.#parent, key);
    if (await isFolder(target)) return path.join(target, 'node_modules');
    return this.#join(key, onLine, signal, async (build) => this.#build(target, manifest, lock, build));
  }

  async #join(
    key: string,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
    start: (build: Pick<Build, 'abort' | 'listeners' | 'lines'>) => Promise<string>,
  ): Promise<string> {
    let build = this.#builds.get(key);
    if (build === undefined) {
      const parts = { abort: new AbortController(), listeners: new Set<(line: string) => void>(), lines: [] };
      build = { ...parts, result: start(parts), waiting: 0 };
      this.#builds.set(key, build);
      const forget = (): void => {
        if (this.#builds.get(key) === build) this.#builds.delete(key);
      };
      build.result.then(forget, forget);
    }
    const joined = build;
    for (const line of joined.lines) onLine(line);
    joined.listeners.add(onLine);
    joined.waiting += 1;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([joined.result, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      joined.listeners.delete(onLine);
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        // A request that comes from now on starts anew instead of joining what is being ended.
        if (this.#builds.get(key) === joined) this.#builds.delete(key);
        joined.abort.abort();
      }
    }
  }

  async #build(
    target: string,
    manifest: Manifest,
    lock: Lock | undefined,
    build: Pick<Build, 'abort' | 'listeners' | 'lines'>,
  ): Promise<string> {
    const startedAt = performance.now();
    const draft = path.join(this.#parent, `.draft-${randomUUID()}`);
    const modules = path.join(draft, 'node_modules');
    const print = (line: string): void => {
      if (build.lines.length < replayedLines) build.lines.push(line);
      for (const listener of build.listeners) listener(line);
    };
    try {
      await mkdir(this.#parent, { recursive: true });
      await chmod(this.#parent, 0o755);
      this.#swept ??= this.#removeStaleDrafts();
      await this.#swept;
      // The folder is there even when npm finds nothing to install for this platform.
      await mkdir(modules, { recursive: true });
      await writeFile(
        path.join(draft, 'package.json'),
        JSON.stringify({ name: 'worker', version: '0.0.0', private: true, ...manifest }),
      );
      if (lock !== undefined) await writeFile(path.join(draft, lock.name), lock.text);
      const { ci, install } = npmCommands;
      const options = {
        folder: draft,
        timeLimitSeconds: this.#timeLimitSeconds,
        signal: build.abort.signal,
        print,
      };
      const outcome = await runNpm(lock === undefined ? install : ci, options);
      if (outcome === 'lock does not fit') {
        print('the lock file does not fit package.json: installing by package.json');
        if ((await runNpm(install, options)) !== 'installed') throw new Error('npm refused the lock file');
      }
      await openToReaders(draft);
      await this.#publish(draft, target);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
    this.#logger?.info({ folder: target, seconds }, 'dependencies installed');
    return path.join(target, 'node_modules');
  }

  async #publish(draft: string, target: string): Promise<void> {
    try {
      await rename(draft, target);
    } catch (error) {
      // Another process was first; its folder was made from the same content.
      if (!(await isFolder(target))) throw error;
    }
  }

  /** What processes that were killed left behind. */
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
