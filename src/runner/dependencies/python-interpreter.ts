/**
 * The Python that workers run on: a copy of the host's in the cache folder. The sandbox's unprivileged user can reach
 * it there, and it stays the same as when dependencies were installed for it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
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

async function describe(command: string): Promise<Description> {
  const { stdout } = await promisify(execFile)(command, ['-I', '-c', describeScript]).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new Error(
        `${command} is not installed, but Python workers require it: apt-get install python3 python3-pip`,
      );
    },
  );
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

export class PythonInterpreters {
  readonly #cache: DependencyCache;
  readonly #command: string;
  #prepared: Promise<PythonInterpreter> | undefined;

  /**
   * @param options.cacheDir folder that sandboxes can access
   * @param options.command the host's Python, a name on PATH or a path
   */
  constructor({ cacheDir, command }: { cacheDir: string; command: string }) {
    this.#cache = new DependencyCache(path.join(cacheDir, 'python'));
    this.#command = command;
  }

  /** The host's command, which has pip. */
  get command(): string {
    return this.#command;
  }

  /** Creates the copy, unless it exists. @throws Error that says what to install */
  async prepare(): Promise<PythonInterpreter> {
    const before = this.#prepared;
    if (before !== undefined) {
      const known = await before.catch(() => undefined);
      if (known !== undefined && (await isFolder(known.folder))) return known;
    }
    this.#prepared = this.#prepare();
    return this.#prepared;
  }

  async #prepare(): Promise<PythonInterpreter> {
    const found = await describe(this.#command);
    const key = createHash('sha256').update(JSON.stringify(found)).digest('hex').slice(0, 32);
    const folder = await this.#cache.folder(
      `${found.version}-${key}`,
      async (installation) => copyInterpreter(found, installation.folder),
      () => undefined,
    );
    const { version } = found;
    return { folder, version, tag: `${version}-${process.platform}-${process.arch}` };
  }
}
