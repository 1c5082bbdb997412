/**
 * Remembers failed installations, so that the other subtasks of the run fail with the same error instead of installing
 * again, one after the other. The next run tries again.
 */
import type { InstallableVersion } from '../../workers/workers.ts';

/** How long subtasks of the run that wait for slots get the remembered failure. */
const rememberedMilliseconds = 10 * 60 * 1000;
const maxRemembered = 1000;

interface FailedInstall {
  readonly packageHash: string;
  readonly runKey: number;
  readonly error: Error;
  readonly at: number;
}

export class FailedInstalls {
  readonly #byVersion = new Map<number, FailedInstall>();

  /** @param runKey key of the run whose subtask needed it */
  remember({ id, package_hash: packageHash }: InstallableVersion, runKey: number, error: Error): void {
    if (this.#byVersion.size >= maxRemembered) this.#byVersion.clear();
    this.#byVersion.set(id, { packageHash, runKey, error, at: performance.now() });
  }

  /** @returns why installing the version's dependencies recently failed for this run, if it did */
  of({ id, package_hash: packageHash }: InstallableVersion, runKey: number): Error | undefined {
    const failed = this.#byVersion.get(id);
    if (failed === undefined) return undefined;
    const isSame = failed.packageHash === packageHash && failed.runKey === runKey;
    if (isSame && performance.now() - failed.at < rememberedMilliseconds) return failed.error;
    this.#byVersion.delete(id);
    return undefined;
  }
}
