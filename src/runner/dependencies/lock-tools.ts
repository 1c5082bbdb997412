/** The command lines and settings of pnpm and yarn, which install from their own lock files. */
import type { LockTool } from '../../manifests/other-locks.ts';
import { PackageManagerError } from './package-manager-error.ts';
import type { DeclarationReader } from './declaration-reader.ts';
import type { RegistryPlace } from './lock-file.ts';
import type { Installer, LockedRequest } from './installer.ts';
import { npmrc, type LocalRegistries } from './npm-gateway.ts';

/** What a tool runs with, besides its own script. */
export interface LockToolRun {
  readonly argv: readonly string[];
  /** Settings files by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Their lines about a lock file that does not match package.json. */
const misfits: Readonly<Record<LockTool, readonly string[]>> = {
  pnpm: ['OUTDATED_LOCKFILE', 'LOCKFILE_CONFIG_MISMATCH', 'LOCKFILE_BREAKING_CHANGE', 'NO_LOCKFILE'],
  'yarn-classic': ['Your lockfile needs to be updated'],
  'yarn-berry': ['YN0028'],
};

const quiet = ['update-notifier=false'];

function pnpmRun(
  { isFrozen }: LockedRequest,
  registries: LocalRegistries,
  runsScripts: boolean,
): LockToolRun {
  const scripts = runsScripts ? '--config.dangerously-allow-all-builds=true' : '--ignore-scripts';
  const frozen = isFrozen ? '--frozen-lockfile' : '--no-frozen-lockfile';
  return {
    argv: [
      'install',
      '--prod',
      frozen,
      scripts,
      '--reporter=append-only',
      '--config.confirm-modules-purge=false',
    ],
    files: { '.npmrc': npmrc(registries, quiet) },
  };
}

function classicRun(
  { isFrozen }: LockedRequest,
  registries: LocalRegistries,
  runsScripts: boolean,
): LockToolRun {
  const options = ['--production', '--non-interactive', '--no-progress', '--no-default-rc'];
  return {
    argv: [
      'install',
      ...options,
      ...(isFrozen ? ['--frozen-lockfile'] : []),
      ...(runsScripts ? [] : ['--ignore-scripts']),
    ],
    files: { '.npmrc': npmrc(registries, quiet), '.yarnrc': `registry "${registries.main}"\n` },
  };
}

/** The digests in a lock file depend on the compression of yarn's archives: `cacheKey: 10c0`. */
function compressionOf(lock: string): string {
  const [, level] = /^[ ]{1,8}cacheKey: ?["']?\d{1,3}(?:c(\d))?["']?\r?$/m.exec(lock) ?? [];
  return level ?? 'mixed';
}

function berryRun(
  { isFrozen, files }: LockedRequest,
  { main, scopes }: LocalRegistries,
  runsScripts: boolean,
): LockToolRun {
  const settings = {
    nodeLinker: 'node-modules',
    npmRegistryServer: main.replace(/\/$/, ''),
    unsafeHttpWhitelist: ['127.0.0.1'],
    npmScopes: Object.fromEntries(
      scopes.map(({ scope, registry }) => [
        scope.replace(/^@/, ''),
        { npmRegistryServer: registry.replace(/\/$/, '') },
      ]),
    ),
    enableTelemetry: false,
    enableGlobalCache: false,
    cacheFolder: './.yarn-cache',
    compressionLevel: compressionOf(files['yarn.lock'] ?? ''),
    enableScripts: runsScripts,
    enableProgressBars: false,
  };
  return {
    argv: ['install', isFrozen ? '--immutable' : '--no-immutable'],
    // JSON is YAML.
    files: { '.yarnrc.yml': `${JSON.stringify(settings)}\n` },
  };
}

const runs: Readonly<Record<LockTool, typeof pnpmRun>> = {
  pnpm: pnpmRun,
  'yarn-classic': classicRun,
  'yarn-berry': berryRun,
};

export function lockToolRun(
  request: LockedRequest,
  registries: LocalRegistries,
  runsScripts: boolean,
): LockToolRun {
  return runs[request.tool](request, registries, runsScripts);
}

/**
 * @param files package.json, the lock file and settings, by name
 * @returns the files with local addresses of packages
 * @throws Error for a package that does not come from a registry
 */
export async function localLockFiles(
  files: LockedRequest['files'],
  places: readonly RegistryPlace[],
  reader: DeclarationReader,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const local: Record<string, string> = {};
  for (const [name, text] of Object.entries(files)) {
    const isLock = name !== 'package.json' && name !== 'pnpm-workspace.yaml';
    local[name] = isLock ? await reader.localOtherLock(text, places, signal) : text;
  }
  return local;
}

/**
 * @returns 'lock does not fit' if the tool rejects the lock file as not matching package.json
 * @throws Error with the last lines of the tool's output; the abort's reason
 */
export async function runLockTool(
  installer: Installer,
  request: LockedRequest,
): Promise<'installed' | 'lock does not fit'> {
  let lockFits = true;
  const print = (line: string): void => {
    if (misfits[request.tool].some((sign) => line.includes(sign))) lockFits = false;
    request.print(line);
  };
  const { exitCode, tail, errors } = await installer.locked({ ...request, print });
  if (exitCode === 0) return 'installed';
  if (!lockFits && request.isFrozen) return 'lock does not fit';
  const lines = tail.split('\n');
  const marked = lines.find((line) =>
    /^(?:ERR_|error |\s*ERR|➤ YN\d{4}: .*(?:error|can't))/i.test(line.trim()),
  );
  throw new PackageManagerError({
    command: request.tool.startsWith('yarn') ? 'yarn install' : 'pnpm install',
    exitCode,
    headline: errors[0] ?? marked ?? lines.at(-1) ?? '',
    advice: undefined,
    tail,
  });
}
