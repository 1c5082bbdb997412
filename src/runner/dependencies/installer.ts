/** Where package managers run: on the host itself, or in a sandbox whose only way out leads to the package registries. */

export interface InstallRequest {
  /** Host folder that gets the result; the caller's. */
  readonly folder: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface NpmRequest extends InstallRequest {
  readonly command: 'ci' | 'install';
  /** package.json and the lock file, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether peers that do not fit each other are installed all the same. */
  readonly legacyPeerDeps: boolean;
}

export interface PipRequest extends InstallRequest {
  readonly requirements: readonly string[];
  /** What restricts versions without having anything installed. */
  readonly constraints: readonly string[];
}

export interface PackageManagerEnd {
  readonly exitCode: number | null;
  /** The last lines it printed. */
  readonly tail: string;
}

export interface Installer {
  /** Whether only registries can be reached. */
  readonly isFenced: boolean;
  /** Whether code of packages runs: npm's install scripts, builds of Python's source distributions. */
  readonly runsScripts: boolean;
  /**
   * Runs npm; `node_modules` in the folder is the result.
   * @throws Error if it cannot be started or passes a limit, or the abort's reason
   */
  npm(request: NpmRequest): Promise<PackageManagerEnd>;
  /** Runs pip; `site-packages` in the folder is the result. @throws as `npm` */
  pip(request: PipRequest): Promise<PackageManagerEnd>;
}
