/** Reads worker packages in separate threads, with limits on time and memory. */
import { availableParallelism } from 'node:os';
import { invalidArgument } from '../errors.ts';
import { ThreadLimitError, ThreadPool } from '../threads/thread-pool.ts';
import type { PackageReport } from './package-check.ts';
import type { UnpackLimits } from './zip-directory.ts';

/** The properties of a package that are stored with its version. */
export interface ReadPackage extends Omit<PackageReport, 'inputSchema' | 'outputSchema'> {
  /** Content hash. */
  readonly hash: string;
  /** JSON; undefined if the package has none. */
  readonly outputSchemaText: string | undefined;
}

/** A task of a thread: unpack a zip, and also check it if it is being published. */
export interface PackageTask {
  readonly kind: 'unpack' | 'publish';
  readonly zipFile: string;
  readonly directory: string;
  readonly limits: UnpackLimits;
}

export interface PackageLimits extends UnpackLimits {
  /** CHELA_PACKAGE_TIME_LIMIT_SECONDS */
  readonly timeLimitSeconds: number;
  /** CHELA_PACKAGE_MEMORY_MB */
  readonly memoryMegabytes: number;
}

const mebibyte = 1024 * 1024;

export class PackageReader {
  readonly #limits: PackageLimits;
  readonly #threads: ThreadPool<PackageTask, ReadPackage | undefined>;

  constructor(limits: PackageLimits) {
    this.#limits = limits;
    this.#threads = new ThreadPool({
      file: new URL('package-thread.ts', import.meta.url),
      name: 'package',
      size: Math.max(2, availableParallelism()),
      timeLimitSeconds: limits.timeLimitSeconds,
      memoryLimitBytes: limits.memoryMegabytes * mebibyte,
    });
  }

  /**
   * Unpacks a zip and checks its contents.
   * @param directory must be empty or not exist
   * @throws ChelaError INVALID_ARGUMENT with every reason
   */
  async publish(zipFile: string, directory: string): Promise<ReadPackage> {
    const read = await this.#run('publish', zipFile, directory);
    if (read === undefined) throw new Error('the thread that reads packages returned no result');
    return read;
  }

  /** Unpacks the zip of a package that was checked when it was published. @throws the same errors as `publish` */
  async unpack(zipFile: string, directory: string): Promise<void> {
    await this.#run('unpack', zipFile, directory);
  }

  async #run(
    kind: PackageTask['kind'],
    zipFile: string,
    directory: string,
  ): Promise<ReadPackage | undefined> {
    const { unpackedBytes, files, timeLimitSeconds, memoryMegabytes } = this.#limits;
    try {
      return await this.#threads.run({ kind, zipFile, directory, limits: { unpackedBytes, files } });
    } catch (error) {
      if (!(error instanceof ThreadLimitError)) throw error;
      throw invalidArgument(
        error.limit === 'time'
          ? `reading the package took longer than ${timeLimitSeconds} s (CHELA_PACKAGE_TIME_LIMIT_SECONDS): remove files that the worker does not need`
          : `reading the package used more memory than ${memoryMegabytes} MB (CHELA_PACKAGE_MEMORY_MB): remove files that the worker does not need`,
      );
    }
  }
}
