/** npm's command line and exit codes. */
import { PackageManagerError } from './package-manager-error.ts';
import type { Installer, NpmRequest } from './installer.ts';

/** Its output is for the worker's author: no log files on the host, no advice to the operator. */
const quiet = ['--logs-max=0', '--no-update-notifier', '--no-progress', '--color=false'];
const shared = ['--omit=dev', '--no-audit', '--no-fund', ...quiet];
/** Newer versions ask for permission for each script; older ones ignore the option. */
const withScripts = ['--ignore-scripts=false', '--dangerously-allow-all-scripts', '--foreground-scripts'];

/**
 * @param command `ci` installs exactly what the lock file says; `install` follows package.json, and the lock file as
 *   far as it fits
 */
export function npmArguments(
  { command, legacyPeerDeps }: Pick<NpmRequest, 'command' | 'legacyPeerDeps'>,
  runsScripts: boolean,
): string[] {
  const scripts = runsScripts ? withScripts : ['--ignore-scripts'];
  return [command, ...scripts, ...(legacyPeerDeps ? ['--legacy-peer-deps'] : []), ...shared];
}

function isCodeOrPlace(line: string): boolean {
  return /^npm (?:error|ERR!) (?:code|errno|syscall|path|dest|signal|command|404)(?: |$)/.test(line);
}

/** The first of npm's error lines that has a message, not just a code or a location. */
export function npmHeadline(errors: readonly string[]): string {
  const notFound = errors.find((line) => line.includes(' 404 Not Found'));
  return notFound ?? errors.find((line) => !isCodeOrPlace(line)) ?? errors[0] ?? '';
}

/**
 * @returns 'lock does not fit' if npm rejects the lock file as not matching package.json
 * @throws Error with the last lines of npm's output; the abort's reason
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
  const { exitCode, tail, errors } = await installer.npm({ ...request, print });
  if (exitCode === 0) return 'installed';
  if (!lockFits) return 'lock does not fit';
  throw new PackageManagerError({
    command: `npm ${request.command}`,
    exitCode,
    headline: npmHeadline(errors),
    advice: undefined,
    tail,
  });
}
