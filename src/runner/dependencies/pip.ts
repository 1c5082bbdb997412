/** pip's command line and exit codes. */
import { PackageManagerError } from './package-manager-error.ts';
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

/** Building runs the package's own code. Without builds only wheels are installed. */
export function pipArguments(buildsWheels: boolean): string[] {
  return [buildsWheels ? '--prefer-binary' : '--only-binary=:all:', ...shared];
}

function isSpecificError(line: string): boolean {
  return (
    line.startsWith('ERROR: ') &&
    !line.startsWith('ERROR: ResolutionImpossible') &&
    !line.startsWith("ERROR: pip's dependency resolver")
  );
}

/** The error of a build, otherwise pip's last error that is neither advice nor a note about skipped files. */
export function pipHeadline(errors: readonly string[]): string {
  // pip's own codes, such as "metadata-generation-failed", are one word.
  const ofBuild = errors.findLast((line) => line.startsWith('error: ') && line.split(' ').length > 2);
  return ofBuild ?? errors.findLast(isSpecificError) ?? errors.at(-1) ?? '';
}

/** Texts in the output of builds that lack a compiler or header files. */
const compilerComplaints = [
  "gcc' failed",
  "cc' failed",
  '.h: No such file or directory',
  'Unknown compiler',
  'CMake Error',
  'ust compiler',
  'cargo',
];

function isMissing(line: string): boolean {
  return line.startsWith('ERROR: No matching distribution') || line.startsWith('ERROR: Cannot install');
}

/** What pip's errors mean on this platform, and what to do about them. */
function pipAdvice(installer: Installer, errors: readonly string[], tail: string): string | undefined {
  if (!installer.buildsWheels && errors.some(isMissing))
    return `only wheels are installed here, so packages without a wheel count as missing: ${installer.buildSetting}`;
  const isBuild = errors.some((line) => line.startsWith('× ') || line.startsWith('error: '));
  if (isBuild && compilerComplaints.some((complaint) => tail.includes(complaint)))
    return 'it has no wheel, and building it needs a compiler or header files that are not available here: choose a version that has a wheel for this Python';
  return undefined;
}

/**
 * Installs requirements into `site-packages` of the request's folder.
 * @throws Error with the last lines of pip's output; the abort's reason
 */
export async function runPip(installer: Installer, request: PipRequest): Promise<void> {
  const { exitCode, tail, errors } = await installer.pip(request);
  if (exitCode === 0) return;
  if (tail.includes('No module named pip')) {
    throw new Error(
      'pip is not installed, but Python workers with dependencies require it: apt-get install python3-pip',
    );
  }
  throw new PackageManagerError({
    command: 'pip install',
    exitCode,
    headline: pipHeadline(errors),
    advice: pipAdvice(installer, errors, tail),
    tail,
  });
}
