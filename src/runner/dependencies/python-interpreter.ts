/**
 * The Python that workers run on: a copy of the host's in the cache folder. The sandbox's unprivileged user can reach
 * it there, and it stays the same as when dependencies were installed for it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { comparePythons, suits, type PythonRequest } from '../../manifests/python-version.ts';
import { printable } from '../../text/printable-text.ts';
import { DependencyCache, isFolder } from './dependency-cache.ts';

/** Python's description of itself. */
interface Description {
  readonly executable: string;
  readonly version: string;
  readonly full: string;
  readonly stdlib: string;
  /** Folder and name of the shared library, if there is one. */
  readonly libraryDir: string;
  readonly library: string | null;
}

export interface PythonInterpreter {
  /** Host folder with `bin/python3` and `lib/`; can be mounted anywhere. */
  readonly folder: string;
  /** `3.11` */
  readonly version: string;
  /** The host's command that it was copied from. */
  readonly command: string;
  /** Numbers of the version with its patch: `[3, 11, 2]`. */
  readonly numbers: readonly number[];
  /** Determines whether compiled packages fit: version, platform and CPU architecture. */
  readonly tag: string;
}

const describeScript = `
import json, os, sys, sysconfig
shared = sysconfig.get_config_var('Py_ENABLE_SHARED')
print(json.dumps({
  'executable': os.path.realpath(sys.executable),
  'version': '%d.%d' % sys.version_info[:2],
  'full': sys.version,
  'stdlib': sysconfig.get_path('stdlib'),
  'libraryDir': sysconfig.get_config_var('LIBDIR') or '',
  'library': sysconfig.get_config_var('INSTSONAME') if shared else None,
}))`;

/** Parts that workers do not need, or have to bring themselves. */
const leftOut = new Set([
  'test',
  'tests',
  'idlelib',
  'turtledemo',
  'site-packages',
  'dist-packages',
  'ensurepip',
]);
const oldest = [3, 9] as const;
/** How long the Pythons of the host are taken as known, because each start of a subtask asks for one. */
const knownMilliseconds = 10 * 60_000;
/** A command with the name of a Python may wait for something. */
const describeMilliseconds = 30_000;

async function describe(command: string): Promise<Description> {
  const { stdout } = await promisify(execFile)(command, ['-I', '-c', describeScript], {
    timeout: describeMilliseconds,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(
      `${command} is not installed, but Python workers require it: apt-get install python3 python3-pip`,
    );
  });
  const found = JSON.parse(stdout) as Description;
  const [major = 0, minor = 0] = found.version.split('.').map(Number);
  if (major < oldest[0] || minor < oldest[1]) {
    throw new Error(
      `${command} is Python ${found.version}, but workers require ${oldest.join('.')} or newer`,
    );
  }
  return found;
}

function isKept(source: string): boolean {
  const name = path.basename(source);
  return !leftOut.has(name) && !name.startsWith('config-') && !name.endsWith('.a');
}

async function copyInterpreter(found: Description, folder: string): Promise<void> {
  const { executable, stdlib, version, libraryDir, library } = found;
  const bin = path.join(folder, 'bin');
  const lib = path.join(folder, 'lib');
  await Promise.all([mkdir(bin), mkdir(lib)]);
  // Compiled files contain the modification time of their source.
  const keep = { recursive: true, preserveTimestamps: true, dereference: true } as const;
  await cp(executable, path.join(bin, `python${version}`), keep);
  await symlink(`python${version}`, path.join(bin, 'python3'));
  await symlink(`python${version}`, path.join(bin, 'python'));
  await cp(stdlib, path.join(lib, `python${version}`), { ...keep, filter: isKept });
  if (library !== null) await cp(path.join(libraryDir, library), path.join(lib, library), keep);
}

/** `sys.version` starts with the version: `3.11.2 (main, ...`. */
function numbersOf({ full }: Description): number[] {
  const [, digits = ''] = /^(\d+(?:\.\d+){0,2})/.exec(full) ?? [];
  return digits.split('.').map(Number);
}

/** The Pythons of the host by the names of minors: on PATH, and those that pyenv installed. */
async function findOthers(): Promise<string[]> {
  const pyenv = path.join(process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv'), 'versions');
  const versions = await readdir(pyenv).catch(() => []);
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder)),
    ...versions.map((version) => path.join(pyenv, version, 'bin')),
  ];
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => /^python3\.\d{1,3}$/.test(name)).map((name) => path.join(folder, name));
    }),
  );
  return [...new Set(found.flat())];
}

interface HostPython {
  readonly command: string;
  readonly numbers: readonly number[];
}

/** Commands that do not run, such as the shims of pyenv for versions that are not selected, are left out. */
async function describeOthers(): Promise<HostPython[]> {
  const found = await Promise.all(
    (await findOthers()).map(async (command) => {
      const description = await describe(command).catch(() => undefined);
      return description === undefined ? [] : [{ command, numbers: numbersOf(description) }];
    }),
  );
  return found.flat();
}

function newestOf(pythons: readonly HostPython[], request: PythonRequest): HostPython | undefined {
  const fitting = pythons.filter(({ numbers }) => suits(numbers, request));
  return fitting.toSorted((one, other) => comparePythons(other.numbers, one.numbers)).at(0);
}

function missing(
  { place: { file, field, text } }: PythonRequest,
  there: readonly (readonly number[])[],
): string {
  const where = field === undefined ? file : `${field} of ${file}`;
  const versions = [...new Set(there.toSorted(comparePythons).map((numbers) => numbers.join('.')))];
  return printable(
    `${where} asks for Python "${text}", but this machine has only ${versions.join(', ')}: change the declaration, or ask the operator to install another Python`,
  );
}

export class PythonInterpreters {
  readonly #cache: DependencyCache;
  readonly #command: string;
  /** By command. */
  readonly #prepared = new Map<string, Promise<PythonInterpreter>>();
  #others: { readonly found: Promise<HostPython[]>; readonly at: number } | undefined;

  /**
   * @param options.cacheDir folder that sandboxes can access
   * @param options.command the host's Python, a name on PATH or a path
   */
  constructor({ cacheDir, command }: { cacheDir: string; command: string }) {
    this.#cache = new DependencyCache(path.join(cacheDir, 'python'));
    this.#command = command;
  }

  /** The configured command. */
  get command(): string {
    return this.#command;
  }

  /**
   * Creates the copy, unless it exists: of the configured Python if it suits, otherwise of the newest one on the host
   * that does.
   * @throws Error that says what to install, or which Pythons there are
   */
  async prepare(request?: PythonRequest): Promise<PythonInterpreter> {
    const own = await this.#copyOf(this.#command);
    if (request === undefined || suits(own.numbers, request)) return own;
    const known = newestOf(await this.#findOthers(false), request);
    if (known !== undefined) return this.#copyOf(known.command);
    // The operator may have installed another meanwhile.
    const others = await this.#findOthers(true);
    const newest = newestOf(others, request);
    if (newest === undefined)
      throw new Error(missing(request, [own.numbers, ...others.map(({ numbers }) => numbers)]));
    return this.#copyOf(newest.command);
  }

  async #findOthers(isAgain: boolean): Promise<HostPython[]> {
    const now = performance.now();
    if (isAgain || this.#others === undefined || now - this.#others.at > knownMilliseconds)
      this.#others = { found: describeOthers(), at: now };
    return this.#others.found;
  }

  async #copyOf(command: string): Promise<PythonInterpreter> {
    const before = this.#prepared.get(command);
    if (before !== undefined) {
      const known = await before.catch(() => undefined);
      if (known !== undefined && (await isFolder(known.folder))) return known;
    }
    const copying = this.#copy(command);
    this.#prepared.set(command, copying);
    return copying;
  }

  async #copy(command: string): Promise<PythonInterpreter> {
    const found = await describe(command);
    const key = createHash('sha256').update(JSON.stringify(found)).digest('hex').slice(0, 32);
    const folder = await this.#cache.folder(
      `${found.version}-${key}`,
      async (installation) => copyInterpreter(found, installation.folder),
      () => undefined,
    );
    const { version } = found;
    const tag = `${version}-${process.platform}-${process.arch}`;
    return { folder, command, version, numbers: numbersOf(found), tag };
  }
}
