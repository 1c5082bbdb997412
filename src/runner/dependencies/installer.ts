/**
 * The contract of running package managers: on the host, or in a sandbox that can reach only the package registries.
 */

import type { LockTool } from '../../manifests/other-locks.ts';
import type { PythonInterpreter } from './python-interpreter.ts';

export interface InstallRequest {
  /** Host folder that receives the result; belongs to the caller. */
  readonly folder: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What npm runs with for another Node than Chela's. */
export interface NodeToolchain {
  /** Host folder with the binary `node`. */
  readonly binDir: string;
  /** Host folder of the npm package; the host's npm if omitted. */
  readonly npmDir?: string | undefined;
}

export interface NpmRequest extends InstallRequest {
  readonly command: 'ci' | 'install';
  /** package.json and the lock file, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether conflicting peer dependencies are installed anyway. */
  readonly legacyPeerDeps: boolean;
  /** The Node that npm runs on, and installs for; Chela's own if omitted. */
  readonly toolchain?: NodeToolchain | undefined;
}

/** An installation by pnpm or yarn, from its own lock file. */
export interface LockedRequest extends InstallRequest {
  readonly tool: LockTool;
  /** Host folder of the tool's package, and its script in there. */
  readonly toolDir: string;
  readonly script: string;
  /** package.json and the lock file, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether a lock file that does not match package.json is an error. */
  readonly isFrozen: boolean;
  /** Host folder with the binary `node`; Chela's own if omitted. */
  readonly binDir?: string | undefined;
}

/** The choice of requirements by uv, from its lock file. */
export interface UvRequest extends InstallRequest {
  readonly interpreter: PythonInterpreter;
  /** Host folder with `bin/uv`. */
  readonly uvDir: string;
  /** pyproject.toml and uv.lock, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface PipRequest extends InstallRequest {
  /** The Python that pip runs on, and installs for. */
  readonly interpreter: PythonInterpreter;
  readonly requirements: readonly string[];
  /** Restrict versions without causing an installation. */
  readonly constraints: readonly string[];
}

export interface PackageManagerEnd {
  readonly exitCode: number | null;
  /** The last lines of its output. */
  readonly tail: string;
  /** The last lines that are marked as errors. */
  readonly errors: readonly string[];
}

export interface Installer {
  /** Whether it can reach only registries. */
  readonly isFenced: boolean;
  /** Whether npm's install scripts run. */
  readonly runsScripts: boolean;
  /** Whether Python packages without a wheel are built from source. */
  readonly buildsWheels: boolean;
  /** Setting that allows builds. */
  readonly buildSetting: string;
  /**
   * Runs npm. The result is `node_modules` in the folder.
   * @throws Error if it cannot be started or exceeds a limit; the abort's reason
   */
  npm(request: NpmRequest): Promise<PackageManagerEnd>;
  /** Runs pnpm or yarn. The result is `node_modules` in the folder. @throws as `npm` does */
  locked(request: LockedRequest): Promise<PackageManagerEnd>;
  /** Runs `uv export`. The result is `exported/requirements.txt` in the folder. @throws as `npm` does */
  exportUv(request: UvRequest): Promise<PackageManagerEnd>;
  /** Runs pip. The result is `site-packages` in the folder. @throws as `npm` does */
  pip(request: PipRequest): Promise<PackageManagerEnd>;
}
