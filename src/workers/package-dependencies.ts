/** What a package says it needs from npm or PyPI. */
import type { Findings } from './findings.ts';
import { readPackageText } from './package-text.ts';
import { isJsonObject, parseJson, type JsonObject } from './value-types.ts';

export const manifestFile = 'package.json';
export const requirementsFile = 'requirements.txt';

const fileLimitBytes = 1024 * 1024;

/**
 * Reads package.json, which may be there in packages of any language.
 * @returns undefined where there is none, or none that can be read (an error is added then)
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

/** Names of the npm packages that a production install brings. */
export function nodeDependencies(manifest: JsonObject | undefined): Set<string> {
  const lists = [manifest?.dependencies, manifest?.optionalDependencies, manifest?.peerDependencies];
  return new Set(lists.filter((list) => isJsonObject(list)).flatMap((list) => Object.keys(list)));
}

/** PyPI takes runs of `-`, `_` and `.` for the same, and ignores case. */
function distributionName(requirement: string): string | undefined {
  const name = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?/i.exec(requirement)?.[0];
  return name?.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** Names of the distributions in requirements.txt and in the files it includes. */
export async function pythonDependencies(dir: string, findings: Findings): Promise<Set<string>> {
  const names = new Set<string>();
  const visited = new Set<string>();
  const waiting = [requirementsFile];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (visited.has(file)) continue;
    visited.add(file);
    const text = await readPackageText(dir, file, fileLimitBytes, findings);
    for (const line of text?.replace(/^\uFEFF/, '').split(/\r?\n/) ?? []) {
      const requirement = line.replace(/(?:^|\s)#.*/, '').trim();
      const included = /^(?:-r|--requirement)[\s=]*([\w./-]+)$/.exec(requirement)?.[1];
      if (included !== undefined && visited.size < 20) waiting.push(included);
      const name = distributionName(requirement);
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}
