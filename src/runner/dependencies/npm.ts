/** Runs npm in a folder. */
import path from 'node:path';
import { runPackageManager, type PackageManagerOptions } from './package-manager.ts';

/** Its output goes to the worker's author: no log file of this host, no advice for its operator. */
const quiet = ['--logs-max=0', '--no-update-notifier', '--no-progress', '--color=false'];
const shared = ['--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', ...quiet];

export const npmCommands = {
  /** Exactly what the lock file says. */
  ci: ['ci', ...shared],
  /** What package.json allows; a lock file that is there counts as far as it fits. */
  install: ['install', ...shared],
} as const;

function environment(): Record<string, string> {
  return {
    // npm must run on, and install for, the Node that runs the workers.
    PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    // No credentials and no files of this host, whatever a dependency of a dependency asks for.
    GIT_ALLOW_PROTOCOL: 'https',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    npm_config_allow_file: 'none',
    npm_config_allow_directory: 'none',
  };
}

/**
 * @returns 'lock does not fit' when npm refuses the lock file as not made for this package.json
 * @throws Error with the last lines npm printed, or the abort's reason
 */
export async function runNpm(
  command: readonly string[],
  options: Omit<PackageManagerOptions, 'environment'>,
): Promise<'installed' | 'lock does not fit'> {
  let lockFits = true;
  const print = (line: string): void => {
    if (/\bcode EUSAGE\b/.test(line)) lockFits = false;
    options.print(line);
  };
  const { exitCode, tail } = await runPackageManager('npm', [...command, '--prefix', options.folder], {
    ...options,
    print,
    environment: environment(),
  });
  if (exitCode === 0) return 'installed';
  if (!lockFits) return 'lock does not fit';
  throw new Error(`npm ${command[0]} failed with exit code ${exitCode}:\n${tail}`);
}
