/** npm's command line, and what its end means. */
import type { Installer, NpmRequest } from './installer.ts';

/** Its output goes to the worker's author: no log file of this host, no advice for its operator. */
const quiet = ['--logs-max=0', '--no-update-notifier', '--no-progress', '--color=false'];
const shared = ['--omit=dev', '--no-audit', '--no-fund', ...quiet];
/** Newer ones ask for each script's permission; older ones do not know the option. */
const withScripts = ['--ignore-scripts=false', '--dangerously-allow-all-scripts', '--foreground-scripts'];

/**
 * @param command `ci` installs exactly what the lock file says; `install` what package.json allows, a lock file that is
 *   there counts as far as it fits
 */
export function npmArguments(
  { command, legacyPeerDeps }: Pick<NpmRequest, 'command' | 'legacyPeerDeps'>,
  runsScripts: boolean,
): string[] {
  const scripts = runsScripts ? withScripts : ['--ignore-scripts'];
  return [command, ...scripts, ...(legacyPeerDeps ? ['--legacy-peer-deps'] : []), ...shared];
}

/**
 * @returns 'lock does not fit' when npm refuses the lock file as not made for this package.json
 * @throws Error with the last lines npm printed, or the abort's reason
 */
export async function runNpm(
  installer: Installer,
  request: NpmRequest,
): Promise<'installed' | 'lock does not fit'> {
  let lockFits = true;
  const print = (line: string): void => {
    if (/\bcode EUSAGE\b/.test(line)) lockFits = false;
    request.print(line);
  };
  const { exitCode, tail } = await installer.npm({ ...request, print });
  if (exitCode === 0) return 'installed';
  if (!lockFits) return 'lock does not fit';
  throw new Error(`npm ${request.command} failed with exit code ${exitCode}:\n${tail}`);
}
