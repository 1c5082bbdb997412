/**
 * Dependencies of Node packages: installed once per content of package.json and lock file, into a cache that runs mount
 * read-only. Nothing of the package itself takes part but those two files.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { touch } from '../cache/cache-use.ts';
import { DependencyCache, type Installation } from './dependency-cache.ts';
import type { Installer } from './installer.ts';
import { runNpm } from './npm.ts';

/** Where npm on the host may take packages from besides the registry; anything else would be a file or a secret of it. */
const remoteSpec = /^(https?:|git\+https:|github:|gitlab:|bitbucket:)/;
const lockNames = ['npm-shrinkwrap.json', 'package-lock.json'];
const keptFields = ['dependencies', 'optionalDependencies', 'overrides'] as const;
const mostKnownPackages = 10_000;

type Manifest = Partial<Record<(typeof keptFields)[number], Record<string, unknown>>>;

interface Lock {
  readonly name: string;
  readonly text: string;
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

/** Whatever names a place: an address, a path, or a project of a well-known host. */
function isPlace(spec: string): boolean {
  return !/^(?:npm:|\$)/.test(spec) && /[:/]/.test(spec);
}

/** Where only registries can be reached, other places need not be tried. */
function refusePlaces(what: string, value: Record<string, unknown>, names?: readonly string[]): void {
  for (const [name, entry] of Object.entries(value)) {
    if (isObject(entry)) refusePlaces(what, entry, names);
    else if (typeof entry === 'string' && (names?.includes(name) ?? true) && isPlace(entry))
      throw new Error(
        `"${name}" in ${what} comes from "${entry}": dependencies are installed in a sandbox that reaches the registry only`,
      );
  }
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

export class NodeDependencies {
  readonly #cache: DependencyCache;
  readonly #installer: Installer;
  /** Installed folder by package folder. A package never changes, so it is read and checked once. */
  readonly #installed = new Map<string, string>();

  /**
   * @param options.cacheDir folder that sandboxes can reach
   */
  constructor({ cacheDir, installer }: { cacheDir: string; installer: Installer }) {
    this.#cache = new DependencyCache(path.join(cacheDir, 'node-dependencies'));
    this.#installer = installer;
  }

  /**
   * Installs what a package depends on, unless that was done before; see `DependencyCache`.
   * @param packageDir folder of the unpacked package, whose content never changes
   * @param onLine gets each line npm prints
   * @param signal ends this request
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
    if (known !== undefined && (await touch(path.dirname(known)))) return known;
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
    if (this.#installer.isFenced) {
      const { dependencies = {}, optionalDependencies = {}, overrides = {} } = manifest;
      refusePlaces('package.json', { ...dependencies, ...optionalDependencies, overrides });
      if (lock !== undefined) refusePlaces(lock.name, parseJson(lock.name, lock.text), ['version']);
    }

    const major = process.versions.node.split('.')[0];
    const key = createHash('sha256')
      .update(
        JSON.stringify([
          [manifest, lock?.name, lock?.text, major, process.platform, process.arch],
          this.#installer.runsScripts,
        ]),
      )
      .digest('hex');
    const build = async (installation: Installation) => this.#build(manifest, lock, installation);
    return path.join(await this.#cache.folder(key, build, onLine, signal), 'node_modules');
  }

  async #build(
    manifest: Manifest,
    lock: Lock | undefined,
    { folder, print, signal }: Installation,
  ): Promise<void> {
    // The folder is there even when npm finds nothing to install for this platform.
    await mkdir(path.join(folder, 'node_modules'));
    const files = {
      'package.json': JSON.stringify({ name: 'worker', version: '0.0.0', private: true, ...manifest }),
      ...(lock !== undefined && { [lock.name]: lock.text }),
    };
    const request = { files, folder, print, signal };
    const command = lock === undefined ? 'install' : 'ci';
    const outcome = await runNpm(this.#installer, { ...request, command });
    if (outcome === 'installed') return;
    print('the lock file does not fit package.json: installing by package.json');
    const again = await runNpm(this.#installer, { ...request, command: 'install' });
    if (again !== 'installed') throw new Error('npm refused the lock file');
  }
}
