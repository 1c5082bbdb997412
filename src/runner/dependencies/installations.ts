/** Installs the dependencies of versions, for a run or after an upload, and keeps a record for their authors. */
import path from 'node:path';
import type { Config } from '../../configuration/configuration.ts';
import {
  InstallSetAsideError,
  type DependencyInstalls,
  type InstallableVersion,
  type PackageCache,
} from '../../workers/workers.ts';
import type { Events } from '../../events/events.ts';
import { AllowList } from '../../addresses/addresses.ts';
import { UvLocks } from './uv-lock.ts';
import { NpmTools } from './npm-tools.ts';
import { StartStop } from '../../services/service.ts';
import { DeclarationReader } from './declaration-reader.ts';
import { NodeDependencies } from './node-dependencies.ts';
import { NodeRuntimes } from './node-runtimes.ts';
import { NpmRegistry } from './npm-registry.ts';
import { PythonDependencies } from './python-dependencies.ts';
import { InstallRecorder } from './install-recorder.ts';
import { FailedInstalls } from './failed-installs.ts';
import { createInstaller } from './installers.ts';
import { prepareLaunch, type LanguageServices, type Preparation } from './launch.ts';

export type { Preparation } from './launch.ts';
export { PackageManagerError } from './package-manager-error.ts';

const maxKnownVersions = 10_000;

interface InstallationsOptions {
  readonly installs: DependencyInstalls;
  readonly packages: PackageCache;
  readonly languages: LanguageServices;
  readonly logLineLimit: number;
  readonly events: Events;
}

export class Installations extends StartStop {
  readonly name = 'installations';
  readonly #options: InstallationsOptions;
  /** Versions whose record is being written. Of concurrent requests, only one writes it. */
  readonly #recorded = new Set<number>();
  /** Packages whose record says that they are ready, by version. */
  readonly #ready = new Map<number, string>();
  readonly #failed = new FailedInstalls();
  /** Installations that uploads wait for. */
  readonly #underWay = new Set<Promise<void>>();
  /** Set while started. */
  #running: AbortController | undefined;
  /** Key of the runner whose lease covers installations; known once the runner is registered. */
  #runnerId: number | undefined;
  #registered = Promise.withResolvers<void>();

  constructor(options: InstallationsOptions) {
    super();
    this.#options = options;
  }

  /** Creates it according to the configuration. */
  static open(
    config: Config,
    services: Pick<InstallationsOptions, 'installs' | 'packages' | 'events'>,
  ): Installations {
    const { cacheDir, python, installLogLineLimit: logLineLimit } = config;
    const reader = new DeclarationReader(config);
    const installer = createInstaller(config, { reader, events: services.events });
    const languages = {
      runtimes: new NodeRuntimes({
        cacheDir,
        installer,
        reader,
        registry: new NpmRegistry(new AllowList(config.registryAllowedTargets)),
        downloads: config.runtimeDownloads,
      }),
      node: new NodeDependencies({
        cacheDir,
        installer,
        reader,
        tools: config.runtimeDownloads
          ? new NpmTools(installer, path.join(cacheDir, 'package-managers'))
          : undefined,
      }),
      python: new PythonDependencies({
        cacheDir,
        python,
        installer,
        reader,
        uvLocks: config.runtimeDownloads ? new UvLocks(installer, cacheDir) : undefined,
      }),
    };
    return new Installations({ ...services, languages, logLineLimit });
  }

  /**
   * Installs the dependencies of a run's version, unless they are installed. An installation that recently failed for the
   * run is not repeated for its other subtasks.
   * @param runKey key of the run
   * @param onLine called with each line of output
   * @throws PackageManagerError, or another Error with the reason
   */
  async prepareRun(
    version: InstallableVersion,
    runKey: number,
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Preparation> {
    const failed = this.#failed.of(version, runKey);
    if (failed !== undefined) throw failed;
    try {
      return await this.#prepare(version, packageDir, onLine, signal);
    } catch (error) {
      if (!signal.aborted) this.#failed.remember(version, runKey, error as Error);
      throw error;
    }
  }

  async #prepare(
    version: InstallableVersion,
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Preparation> {
    const { languages } = this.#options;
    if (this.#recorded.has(version.id)) {
      const preparation = await prepareLaunch(version, packageDir, languages, onLine, signal);
      // The writer of the record may have stopped.
      await this.#noteReady(version, preparation);
      return preparation;
    }
    this.#recorded.add(version.id);
    try {
      return await this.#prepareNoted(version, packageDir, onLine, signal);
    } finally {
      this.#recorded.delete(version.id);
    }
  }

  /** If this process has never installed this version, the installation might crash it, so it is recorded first. */
  async #prepareNoted(
    version: InstallableVersion,
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Preparation> {
    const { unfinished } = this.#options.installs;
    const id = await this.#note(version);
    try {
      return await this.#prepareWithRecord(version, packageDir, onLine, signal);
    } finally {
      if (id !== undefined)
        await this.#write(version, () => unfinished.end(id, { isComplete: !signal.aborted }));
    }
  }

  /** @throws InstallSetAsideError */
  async #note(version: InstallableVersion): Promise<number | undefined> {
    const runnerId = this.#runnerId;
    const isReady = this.#ready.get(version.id) === version.package_hash;
    if (runnerId === undefined || isReady || version.language === 'go') return undefined;
    return this.#write(version, () => this.#options.installs.unfinished.begin(version.id, runnerId));
  }

  /** A failure to write the record does not fail the installation, except that of a version that was set aside. */
  async #write<Result>(
    version: InstallableVersion,
    write: () => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await write();
    } catch (err) {
      if (err instanceof InstallSetAsideError) throw err;
      this.#options.events.failed({ work: 'record-install', err, version: version.id });
      return undefined;
    }
  }

  /** @param runnerId key of the runner whose lease covers installations from now on */
  runAs(runnerId: number): void {
    this.#runnerId = runnerId;
    this.#registered.resolve();
  }

  /** Installs the dependencies of a newly published version. Failures are in its record. */
  async install(versionId: number): Promise<void> {
    const installation = this.#install(versionId);
    this.#underWay.add(installation);
    await installation.finally(() => this.#underWay.delete(installation));
  }

  async #install(versionId: number): Promise<void> {
    const { installs, packages } = this.#options;
    const signal = this.#running?.signal;
    if (signal === undefined) throw new Error('the runner is not running');
    // Jobs start before the runner.
    await this.#registered.promise;
    signal.throwIfAborted();
    const version = await installs.version(versionId);
    if (version === undefined) return;
    const packageDir = await packages.unpacked(version.package_hash);
    // The job must record the result, even if everything is already installed.
    this.#ready.delete(version.id);
    try {
      await this.#prepare(version, packageDir, () => undefined, signal);
    } catch {
      // The failure has been reported.
      signal.throwIfAborted();
    }
  }

  protected override async begin(): Promise<void> {
    this.#running = new AbortController();
    this.#registered = Promise.withResolvers();
  }

  /** Ends installations that only uploads wait for. They are done again by the next process that can. */
  protected override async end(): Promise<void> {
    this.#running?.abort(new Error('the runner was stopped'));
    this.#running = undefined;
    this.#registered.resolve();
    await Promise.allSettled(this.#underWay);
    const runnerId = this.#runnerId;
    this.#runnerId = undefined;
    if (runnerId !== undefined) await this.#options.installs.unfinished.forgetRunner(runnerId);
  }

  async #prepareWithRecord(
    version: InstallableVersion,
    packageDir: string,
    onLine: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Preparation> {
    const { installs, languages, logLineLimit, events } = this.#options;
    const recorder = new InstallRecorder({
      installs,
      versionId: version.id,
      lineLimit: logLineLimit,
      events,
    });
    const startedAt = performance.now();
    const print = (line: string): void => {
      recorder.print(line);
      onLine(line);
    };
    try {
      const preparation = await prepareLaunch(version, packageDir, languages, print, signal);
      if (recorder.hasBegun) {
        await recorder.end('installed', '', preparation.runtime);
        const seconds = Math.round(performance.now() - startedAt) / 1000;
        events.emit('install:made', { version: version.id, seconds });
      } else await this.#noteReady(version, preparation);
      return preparation;
    } catch (error) {
      if (!signal.aborted) {
        await recorder.end('failed', (error as Error).message);
        events.emit('install:failed', { version: version.id, err: error });
      } else if (recorder.hasBegun) await recorder.end('waiting');
      throw error;
    }
  }

  /** Records it once per process; later runs need not repeat it. */
  async #noteReady(version: InstallableVersion, preparation: Preparation): Promise<void> {
    if (this.#ready.get(version.id) === version.package_hash) return;
    const hasNone =
      preparation.nodeModulesDir === undefined && Object.keys(preparation.launch?.mounts ?? {}).length === 0;
    const status = hasNone ? 'none' : 'installed';
    const isWritten = await this.#write(version, async () => {
      await this.#options.installs.found(version.id, status, preparation.runtime);
      return true;
    });
    if (isWritten === undefined) return;
    if (this.#ready.size >= maxKnownVersions) this.#ready.clear();
    this.#ready.set(version.id, version.package_hash);
  }
}
