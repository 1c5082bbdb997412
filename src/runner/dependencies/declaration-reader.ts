/** Reads the dependency declarations of packages in threads, with limits on time and memory. */
import type { Config } from '../../configuration/configuration.ts';
import { ThreadLimitError, ThreadPool } from '../../threads/thread-pool.ts';
import type { PythonManifest } from '../../manifests/python-manifest.ts';
import type { PythonRequest, PythonVersionManifest } from '../../manifests/python-version.ts';
import type { RegistryPlace } from './lock-file.ts';
import type { NodeDeclaration, NodeRules } from '../../manifests/node-manifest.ts';
import type { NodeRequest } from '../../manifests/node-version.ts';

const mebibyte = 1024 * 1024;
/** Reading takes milliseconds, and the installations that follow have their own limit. */
const threads = 2;

/** A task for the thread. */
export type DeclarationTask =
  | { readonly kind: 'node-request'; readonly packageDir: string; readonly entry: string }
  | { readonly kind: 'node'; readonly packageDir: string; readonly rules: NodeRules }
  | { readonly kind: 'python-version'; readonly packageDir: string }
  | { readonly kind: 'python'; readonly packageDir: string }
  | { readonly kind: 'other-lock'; readonly text: string; readonly places: readonly RegistryPlace[] }
  | { readonly kind: 'lock'; readonly text: string; readonly places: readonly RegistryPlace[] };

type ReaderConfig = Pick<Config, 'packageTimeLimitSeconds' | 'packageMemoryMegabytes'>;

export class DeclarationReader {
  readonly #config: ReaderConfig;
  readonly #threads: ThreadPool<DeclarationTask, unknown>;

  constructor(config: ReaderConfig) {
    this.#config = config;
    this.#threads = new ThreadPool({
      file: new URL('declaration-thread.ts', import.meta.url),
      name: 'declaration',
      size: threads,
      timeLimitSeconds: config.packageTimeLimitSeconds,
      memoryLimitBytes: config.packageMemoryMegabytes * mebibyte,
    });
  }

  /** See `readNodeRequest`. */
  async nodeRequest(packageDir: string, entry: string, signal?: AbortSignal): Promise<NodeRequest> {
    return (await this.#run({ kind: 'node-request', packageDir, entry }, signal)) as NodeRequest;
  }

  /** See `readNodeDeclaration`. */
  async node(
    packageDir: string,
    rules: NodeRules,
    signal?: AbortSignal,
  ): Promise<NodeDeclaration | undefined> {
    return (await this.#run({ kind: 'node', packageDir, rules }, signal)) as NodeDeclaration | undefined;
  }

  /** See `readPythonVersion`. */
  async pythonRequest(packageDir: string, signal?: AbortSignal): Promise<PythonRequest | undefined> {
    const { request } = (await this.#run(
      { kind: 'python-version', packageDir },
      signal,
    )) as PythonVersionManifest;
    return request;
  }

  /** See `readPythonManifest`; refused lines are errors here. */
  async python(packageDir: string, signal?: AbortSignal): Promise<PythonManifest> {
    return (await this.#run({ kind: 'python', packageDir }, signal)) as PythonManifest;
  }

  /** See `localOtherLock`. */
  async localOtherLock(
    text: string,
    places: readonly RegistryPlace[],
    signal?: AbortSignal,
  ): Promise<string> {
    return (await this.#run({ kind: 'other-lock', text, places }, signal)) as string;
  }

  /** See `localLock`. */
  async localLock(text: string, places: readonly RegistryPlace[], signal?: AbortSignal): Promise<string> {
    return (await this.#run({ kind: 'lock', text, places }, signal)) as string;
  }

  /** @returns the thread's answer to this kind of task */
  async #run(task: DeclarationTask, signal: AbortSignal | undefined): Promise<unknown> {
    const { packageTimeLimitSeconds: seconds, packageMemoryMegabytes: megabytes } = this.#config;
    try {
      return await this.#threads.run(task, signal);
    } catch (error) {
      if (!(error instanceof ThreadLimitError)) throw error;
      const passed =
        error.limit === 'time'
          ? `took longer than ${seconds} s (CHELA_PACKAGE_TIME_LIMIT_SECONDS)`
          : `took more memory than ${megabytes} MB (CHELA_PACKAGE_MEMORY_MB)`;
      throw new Error(`reading the dependencies of the package ${passed}`, { cause: error });
    }
  }
}
