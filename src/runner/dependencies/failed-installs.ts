/**
 * Installations that failed, so that the subtasks of one run that wait for the same version are told and do not install again,
 * one after the other. The next run tries again.
 */
import type { InstallableVersion } from '../../workers/workers.ts';

/** As long as the subtasks of a run may wait for slots before somebody looks again. */
const rememberedMilliseconds = 10 * 60 * 1000;
const mostRemembered = 1000;

interface FailedInstall {
  readonly packageHash: string;
  readonly runKey: number;
  readonly error: Error;
  readonly at: number;
}

export class FailedInstalls {
  readonly #byVersion = new Map<number, FailedInstall>();

  /** @param runKey of the run whose subtask it was for */
  remember({ id, package_hash: packageHash }: InstallableVersion, runKey: number, error: Error): void {
    if (this.#byVersion.size >= mostRemembered) this.#byVersion.clear();
    this.#byVersion.set(id, { packageHash, runKey, error, at: performance.now() });
  }

  /** @returns why the version's dependencies could not be installed for this run minutes ago, if so */
  of({ id, package_hash: packageHash }: InstallableVersion, runKey: number): Error | undefined {
    const failed = this.#byVersion.get(id);
    if (failed === undefined) return undefined;
    const isSame = failed.packageHash === packageHash && failed.runKey === runKey;
    if (isSame && performance.now() - failed.at < rememberedMilliseconds) return failed.error;
    this.#byVersion.delete(id);
    return undefined;
  }
}
