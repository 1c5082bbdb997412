/** pip's command line and exit codes. */
import type { Installer, PipRequest } from './installer.ts';

const shared = [
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar=off',
  '--no-warn-script-location',
  '--root-user-action=ignore',
];

/** The files that pip reads, by name. */
export function pipFiles({ requirements, constraints }: PipRequest): Record<string, string> {
  return {
    'requirements.txt': `${requirements.join('\n')}\n`,
    ...(constraints.length > 0 && { 'constraints.txt': `${constraints.join('\n')}\n` }),
  };
}

/** @param folder folder of the files, with a trailing slash; empty for the working folder */
export function pipFileArguments(files: Readonly<Record<string, string>>, folder = ''): string[] {
  const constraint = 'constraints.txt' in files ? ['--constraint', `${folder}constraints.txt`] : [];
  return ['--requirement', `${folder}requirements.txt`, ...constraint];
}

/** Building runs the package's own code. Without scripts only prebuilt packages are installed. */
export function pipArguments(runsScripts: boolean): string[] {
  return [runsScripts ? '--prefer-binary' : '--only-binary=:all:', ...shared];
}

/**
 * Installs requirements into `site-packages` of the request's folder.
 * @throws Error with the last lines of pip's output; the abort's reason
 */
export async function runPip(installer: Installer, request: PipRequest): Promise<void> {
  const { exitCode, tail } = await installer.pip(request);
  if (exitCode === 0) return;
  if (tail.includes('No module named pip')) {
    throw new Error(
      'pip is not installed, but Python workers with dependencies require it: apt-get install python3-pip',
    );
  }
  throw new Error(`pip failed with exit code ${exitCode}:\n${tail}`);
}
