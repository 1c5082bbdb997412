/** Runs pip into a folder. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runPackageManager, type PackageManagerOptions } from './package-manager.ts';

/** Only what is built already: building runs code of the package, and here that would be on the host. */
const shared = [
  '--only-binary=:all:',
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar=off',
  '--no-warn-script-location',
  '--root-user-action=ignore',
];

/**
 * Installs requirements.
 * @param python the host's Python, with pip
 * @param options.folder where the packages go; the list is written beside them
 * @throws Error with the last lines pip printed, or the abort's reason
 */
export async function runPip(
  python: string,
  requirements: readonly string[],
  options: Omit<PackageManagerOptions, 'environment'>,
): Promise<void> {
  const list = path.join(options.folder, 'requirements.txt');
  await writeFile(list, `${requirements.join('\n')}\n`);
  const target = path.join(options.folder, 'site-packages');
  const { exitCode, tail } = await runPackageManager(
    python,
    ['-m', 'pip', 'install', ...shared, '--target', target, '--requirement', list],
    { ...options, environment: { PYTHONNOUSERSITE: '1' } },
  );
  if (exitCode === 0) return;
  if (tail.includes('No module named pip')) {
    throw new Error(
      'pip is not installed, and Python workers with dependencies need it: apt-get install python3-pip',
    );
  }
  throw new Error(`pip failed with exit code ${exitCode}:\n${tail}`);
}
