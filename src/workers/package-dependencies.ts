/** The dependencies that a package declares from npm or PyPI. */
import type { ManifestProblem } from '../manifests/manifest-problem.ts';
import { nodeManifestProblems } from '../manifests/node-manifest.ts';
import { inspectNodeVersion } from '../manifests/node-version.ts';
import { readPythonManifest } from '../manifests/python-manifest.ts';
import { readPythonVersion } from '../manifests/python-version.ts';
import type { Findings } from './findings.ts';
import { readPackageText } from './package-text.ts';
import { isJsonObject, parseJson, type JsonObject } from './value-types.ts';

export const manifestFile = 'package.json';
const requirementsFile = 'requirements.txt';

const fileLimitBytes = 1024 * 1024;

/**
 * Reads package.json, which a package of any language may have.
 * @returns undefined if there is none, or if it is invalid, which adds an error
 */
export async function readManifest(dir: string, findings: Findings): Promise<JsonObject | undefined> {
  const text = await readPackageText(dir, manifestFile, fileLimitBytes, findings);
  if (text === undefined) return undefined;
  try {
    const manifest = parseJson(text);
    if (isJsonObject(manifest)) return manifest;
    findings.error(manifestFile, 'must be a JSON object');
  } catch (error) {
    findings.error(manifestFile, `is not valid JSON: ${(error as Error).message}`);
  }
  return undefined;
}

/** Names of the npm packages that a production installation includes. */
export function nodeDependencies(manifest: JsonObject | undefined): Set<string> {
  const lists = [manifest?.dependencies, manifest?.optionalDependencies, manifest?.peerDependencies];
  return new Set(lists.filter((list) => isJsonObject(list)).flatMap((list) => Object.keys(list)));
}

/** PyPI ignores case and treats runs of `-`, `_` and `.` as equal. */
function distributionName(requirement: string): string | undefined {
  const name = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/i.exec(requirement)?.[0];
  return name?.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

export interface PythonDependencies {
  /** Normalized names of the distributions. */
  readonly names: ReadonlySet<string>;
  /** File that declares them. */
  readonly file: string;
}

/** Reads the dependencies from PyPI. Adds a warning for each problem. */
export async function pythonDependencies(dir: string, findings: Findings): Promise<PythonDependencies> {
  const manifest = await readPythonManifest(dir).catch((error: Error) => {
    warnOfFailure(requirementsFile, error, findings);
    return undefined;
  });
  warnOfProblems(manifest?.problems ?? [], findings);
  const names = manifest?.requirements.flatMap((requirement) => distributionName(requirement) ?? []);
  return { names: new Set(names), file: manifest?.file ?? requirementsFile };
}

/** Adds a warning for each problem with the npm dependencies. */
export async function checkNodeDependencies(dir: string, findings: Findings): Promise<void> {
  await warnOfAll(nodeManifestProblems(dir), findings);
}

/**
 * Adds a warning for each problem with the Node that the package asks for.
 * @returns whether it needs another Node than Chela's
 */
export async function checkNodeVersion(dir: string, entry: string, findings: Findings): Promise<boolean> {
  let needsOther = false;
  const read = async (): Promise<ManifestProblem[]> => {
    const { problems, isOther } = await inspectNodeVersion(dir, entry);
    needsOther = isOther;
    return problems;
  };
  await warnOfAll(read(), findings);
  return needsOther;
}

/** Adds a warning for each problem with the Python that the package asks for. @returns whether it asks for one */
export async function checkPythonVersion(dir: string, findings: Findings): Promise<boolean> {
  let asks = false;
  const read = async (): Promise<ManifestProblem[]> => {
    const { request, problems } = await readPythonVersion(dir);
    asks = request !== undefined;
    return [...problems];
  };
  await warnOfAll(read(), findings);
  return asks;
}

async function warnOfAll(reading: Promise<ManifestProblem[]>, findings: Findings): Promise<void> {
  const problems = await reading.catch((error: Error) => {
    warnOfFailure(manifestFile, error, findings);
    return [];
  });
  warnOfProblems(problems, findings);
}

/** Only a warning, because a runner on another machine, with other settings, may be able to install them. */
const failure = 'the installation of the dependencies will fail';

function warnOfFailure(file: string, error: Error, findings: Findings): void {
  findings.warn(file, `${error.message}; ${failure}`);
}

function warnOfProblems(problems: readonly ManifestProblem[], findings: Findings): void {
  for (const { kind, file, line, field, text, reason } of problems) {
    const place = [line === undefined ? [] : `line ${line}`, text === undefined ? [] : `"${text}"`].flat();
    const what = place.length === 0 ? reason : `${place.join(', ')}: ${reason}`;
    findings.warn(file, kind === 'refused' ? `${what}; until then ${failure}` : `${what} (ignored)`, field);
  }
}
