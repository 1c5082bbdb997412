/**
 * Dependencies of Node packages. They are installed once per content of package.json and lock file, into a cache that
 * runs mount read-only. The installation sees no other files of the package.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { touch } from '../cache/cache-use.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import { DependencyCache, type Installation } from './dependency-cache.ts';
import type { Installer, NodeToolchain, NpmRequest } from './installer.ts';
import type { NodeDeclaration } from '../../manifests/node-manifest.ts';
import { ownNode } from './node-runtimes.ts';
import { runLockTool } from './lock-tools.ts';
import { runNpm } from './npm.ts';
import type { NpmTools } from './npm-tools.ts';
import { findSkippedScripts } from './skipped-scripts.ts';

/** Stored beside `node_modules` in a cache entry. */
const notesName = 'notes.json';
const maxKnownPackages = 10_000;

/** The Node that packages are installed for. */
export interface NodeTarget {
  readonly version: string;
  /** Prepares what npm needs for it, just before it is needed; see `NodeRuntimes.toolchain`. */
  readonly toolchain: (
    print: (line: string) => void,
    signal: AbortSignal,
  ) => Promise<NodeToolchain | undefined>;
}

const ownTarget: NodeTarget = { version: ownNode.version, toolchain: async () => undefined };

export class NodeDependencies {
  readonly #cache: DependencyCache;
  readonly #installer: Installer;
  readonly #reader: DeclarationReader;
  readonly #tools: NpmTools | undefined;
  /** Installed folder by package folder. Packages never change, so each is read and checked once. */
  readonly #installed = new Map<string, string>();

  /**
   * @param options.cacheDir folder that sandboxes can access
   * @param options.tools installs pnpm and yarn; if omitted, their lock files are not used
   */
  constructor({
    cacheDir,
    installer,
    reader,
    tools,
  }: {
    cacheDir: string;
    installer: Installer;
    reader: DeclarationReader;
    tools?: NpmTools | undefined;
  }) {
    this.#cache = new DependencyCache(path.join(cacheDir, 'node-dependencies'));
    this.#installer = installer;
    this.#reader = reader;
    this.#tools = tools;
  }

  /**
   * Installs the dependencies of a package, unless they are installed; see `DependencyCache`.
   * @param packageDir folder of the unpacked package, whose content never changes
   * @param onLine called with each line of npm's output
   * @param signal cancels this request
   * @param target the Node that the package runs on
   * @returns host folder to mount as `node_modules`; undefined if there are no dependencies
   * @throws Error with the reason, or the end of npm's output
   */
  async install(
    packageDir: string,
    onLine: (line: string) => void,
    signal?: AbortSignal,
    target: NodeTarget = ownTarget,
  ): Promise<string | undefined> {
    signal?.throwIfAborted();
    const known = this.#installed.get(packageDir);
    if (known !== undefined && (await touch(path.dirname(known)))) return known;
    const modules = await this.#install(packageDir, onLine, signal, target);
    if (this.#installed.size >= maxKnownPackages) this.#installed.clear();
    if (modules !== undefined) this.#installed.set(packageDir, modules);
    return modules;
  }

  /** Notices about installed packages for the run's log. @param modules as returned by `install` */
  async notes(modules: string): Promise<string[]> {
    const text = await readFile(path.join(path.dirname(modules), notesName), 'utf8').catch(() => '[]');
    return JSON.parse(text) as string[];
  }

  async #install(
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal | undefined,
    { version: nodeVersion, toolchain }: NodeTarget,
  ): Promise<string | undefined> {
    const { isFenced, runsScripts } = this.#installer;
    const rules = { isFenced, runsScripts, usesLockTools: this.#tools !== undefined, nodeVersion };
    const declaration = await this.#reader.node(packageDir, rules, signal);
    if (declaration === undefined) return undefined;
    const build = async (installation: Installation) => {
      const tools = await toolchain(installation.print, installation.signal);
      await this.#build(declaration, tools, installation);
    };
    return path.join(await this.#cache.folder(declaration.key, build, onLine, signal), 'node_modules');
  }

  async #build(
    { manifestText, lock, otherLock, unreadLock, legacyPeerDeps }: NodeDeclaration,
    toolchain: NodeToolchain | undefined,
    { folder, print, signal }: Installation,
  ): Promise<void> {
    // The folder must exist even if npm has nothing to install on this platform.
    await mkdir(path.join(folder, 'node_modules'));
    if (otherLock !== undefined) {
      await this.#buildLocked(otherLock, toolchain, { folder, print, signal });
      return;
    }
    if (unreadLock !== undefined)
      print(`${unreadLock} is not read here: npm installs versions that package.json allows`);
    const files = {
      'package.json': manifestText,
      ...(lock !== undefined && { [lock.name]: lock.text }),
    };
    const request = { files, legacyPeerDeps, folder, print, signal, toolchain };
    const command = lock === undefined ? 'install' : 'ci';
    await this.#run(request, command);
    if (!this.#installer.runsScripts) await noteSkippedScripts(folder, print);
  }

  async #buildLocked(
    {
      tool,
      carrier,
      version,
      name,
      text,
      manifestText,
      settingsFiles,
    }: NonNullable<NodeDeclaration['otherLock']>,
    toolchain: NodeToolchain | undefined,
    { folder, print, signal }: Installation,
  ): Promise<void> {
    if (this.#tools === undefined) throw new Error(`${name} cannot be installed here`);
    const notice = `installing ${carrier} ${version} for ${name}`;
    const key = `${carrier.replaceAll('/', '-')}-${version}`;
    const entry = await this.#tools.install(key, { name: carrier, version, notice }, print, signal);
    const toolDir = path.join(entry, 'node_modules', carrier);
    const script = await scriptOf(toolDir);
    const files = { 'package.json': manifestText, [name]: text, ...settingsFiles };
    const request = { tool, toolDir, script, files, folder, print, signal, binDir: toolchain?.binDir };
    const outcome = await runLockTool(this.#installer, { ...request, isFrozen: true });
    if (outcome === 'installed') return;
    print(`${name} does not match package.json: installing from package.json`);
    await runLockTool(this.#installer, { ...request, isFrozen: false });
  }

  async #run(request: Omit<NpmRequest, 'command'>, command: NpmRequest['command']): Promise<void> {
    const { print } = request;
    const outcome = await runNpm(this.#installer, { ...request, command });
    if (outcome === 'installed') return;
    print('the lock file does not match package.json: installing from package.json');
    const again = await runNpm(this.#installer, { ...request, command: 'install' });
    if (again !== 'installed') throw new Error('npm refused the lock file');
  }
}

/** Path of a tool's script in its package: the first of its commands. */
async function scriptOf(toolDir: string): Promise<string> {
  const { bin } = JSON.parse(await readFile(path.join(toolDir, 'package.json'), 'utf8')) as {
    bin?: string | Record<string, string>;
  };
  const script = typeof bin === 'object' ? Object.values(bin)[0] : bin;
  if (script === undefined) throw new Error(`${path.basename(toolDir)} has no command`);
  return script;
}

/** Notes skipped scripts in the installation's log. Those that may break workers are also noted in each run's log. */
async function noteSkippedScripts(folder: string, print: (line: string) => void): Promise<void> {
  const { all, compiling } = await findSkippedScripts(path.join(folder, 'node_modules'));
  if (all.length > 0) print(`the install scripts of ${all.join(', ')} did not run (CHELA_INSTALL_SCRIPTS)`);
  if (compiling.length === 0) return;
  const note = `${compiling.join(', ')} would be compiled by an install script, which does not run here (CHELA_INSTALL_SCRIPTS)`;
  await writeFile(path.join(folder, notesName), JSON.stringify([note]));
}
