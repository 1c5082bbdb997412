/**
 * Dependencies of Python packages. They are installed once per Python version and declared dependencies, on top of a
 * base with the dependencies of the SDK. Both are mounted read-only. A package that pins other versions of the base's
 * packages gets its own copies.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { touch } from '../cache/cache-use.ts';
import { makeScriptsPortable } from './console-scripts.ts';
import type { PythonRequest } from '../../manifests/python-version.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import { DependencyCache, type Installation } from './dependency-cache.ts';
import type { Installer, PipRequest } from './installer.ts';
import { runPip } from './pip.ts';
import { uvVersion, type UvLocks, type UvProject } from './uv-lock.ts';
import { PythonInterpreters, type PythonInterpreter } from './python-interpreter.ts';

type RequirementList = Pick<PipRequest, 'requirements' | 'constraints'> & {
  /** If uv chooses the requirements. */
  readonly uvProject?: UvProject | undefined;
};

/** Dependencies of the SDK in packages, which old requirements files omit. */
const base: RequirementList = { requirements: ['grpcio>=1.71', 'protobuf>=6.31.1,<8'], constraints: [] };
/** Format of an installation in the cache. Changing it repeats all installations. */
const installationFormat = 2;
const maxKnownPackages = 10_000;

export interface PythonEnvironment {
  readonly interpreter: PythonInterpreter;
  /** Host folders with importable packages; earlier ones take precedence. */
  readonly packages: readonly string[];
}

export class PythonDependencies {
  readonly #cache: DependencyCache;
  readonly #interpreters: PythonInterpreters;
  readonly #installer: Installer;
  readonly #reader: DeclarationReader;
  readonly #uvLocks: UvLocks | undefined;
  /** By package folder. */
  readonly #requests = new Map<string, { readonly request: PythonRequest | undefined }>();
  /** Installed folders by package folder. Packages never change, so each is read and checked once per Python. */
  readonly #installed = new Map<string, { readonly tag: string; readonly packages: readonly string[] }>();

  /**
   * @param options.cacheDir folder that sandboxes can access
   * @param options.python the host's Python, a command or a path
   * @param options.uvLocks reads uv.lock; if omitted, its versions are constraints for pip
   */
  constructor({
    cacheDir,
    python,
    installer,
    reader,
    uvLocks,
  }: {
    cacheDir: string;
    python: string;
    installer: Installer;
    reader: DeclarationReader;
    uvLocks?: UvLocks | undefined;
  }) {
    this.#cache = new DependencyCache(path.join(cacheDir, 'python-dependencies'));
    this.#interpreters = new PythonInterpreters({ cacheDir, command: python });
    this.#installer = installer;
    this.#reader = reader;
    this.#uvLocks = uvLocks;
  }

  /**
   * Installs the dependencies of a package, unless they are installed; see `DependencyCache`.
   * @param packageDir folder of the unpacked package
   * @param onLine called with each line of pip's output
   * @param signal cancels this request
   * @throws Error with the reason, or the end of pip's output
   */
  async install(
    packageDir: string,
    onLine: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<PythonEnvironment> {
    signal?.throwIfAborted();
    const interpreter = await this.#interpreters.prepare(await this.#requestOf(packageDir, signal));
    const known = this.#installed.get(packageDir);
    if (known?.tag === interpreter.tag && (await allExist(known.packages)))
      return { interpreter, packages: known.packages };
    const packages = await this.#install(interpreter, packageDir, onLine, signal);
    if (this.#installed.size >= maxKnownPackages) this.#installed.clear();
    this.#installed.set(packageDir, { tag: interpreter.tag, packages });
    return { interpreter, packages };
  }

  /** What the package asks for. */
  async #requestOf(packageDir: string, signal: AbortSignal | undefined): Promise<PythonRequest | undefined> {
    const known = this.#requests.get(packageDir);
    if (known !== undefined) return known.request;
    const request = await this.#reader.pythonRequest(packageDir, signal);
    if (this.#requests.size >= maxKnownPackages) this.#requests.clear();
    this.#requests.set(packageDir, { request });
    return request;
  }

  async #install(
    interpreter: PythonInterpreter,
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const { requirements, constraints, flags, uvProject } = await this.#reader.python(packageDir, signal);
    const project = this.#uvLocks === undefined ? undefined : uvProject;
    const own = { requirements: [...flags, ...requirements], constraints, uvProject: project };
    const lists = requirements.length === 0 ? [base] : [own, base];
    const packages: string[] = [];
    for (const list of lists) packages.push(await this.#packages(interpreter, list, onLine, signal));
    return packages;
  }

  async #packages(
    interpreter: PythonInterpreter,
    { requirements, constraints, uvProject }: RequirementList,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const decisive = [interpreter.tag, requirements, constraints, this.#installer.buildsWheels];
    const byUv = uvProject === undefined ? [] : [uvVersion, uvProject];
    const key = createHash('sha256')
      .update(JSON.stringify([...decisive, installationFormat, ...byUv]))
      .digest('hex');
    const install = async ({ folder, print, signal: ended }: Installation): Promise<void> => {
      if (interpreter.command !== this.#interpreters.command)
        print(`installing for Python ${interpreter.numbers.join('.')}`);
      await mkdir(path.join(folder, 'site-packages'));
      const chosen =
        uvProject &&
        (await this.#uvLocks?.requirements(uvProject, interpreter, { folder, print, signal: ended }));
      const list =
        chosen === undefined ? { requirements, constraints } : { requirements: chosen, constraints: [] };
      const request = { ...list, interpreter, folder, print, signal: ended };
      await runPip(this.#installer, request);
      await makeScriptsPortable(path.join(folder, 'site-packages', 'bin'));
    };
    return path.join(await this.#cache.folder(key, install, onLine, signal), 'site-packages');
  }
}

/** Whether the folders are still in the cache; also marks them as used. */
async function allExist(packages: readonly string[]): Promise<boolean> {
  const found = await Promise.all(packages.map(async (folder) => touch(path.dirname(folder))));
  return found.every(Boolean);
}
