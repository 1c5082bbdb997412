/**
 * The part of a package's `.npmrc` that is used: how peer dependencies are resolved. Registries and credentials come
 * from the operator.
 */
import { manifestText } from './manifest-file.ts';
import { shortened, type ManifestProblem } from './manifest-problem.ts';

const npmSettingsFile = '.npmrc';
const fileLimitBytes = 64 * 1024;

export interface PackageNpmSettings {
  readonly legacyPeerDeps: boolean;
  readonly problems: readonly ManifestProblem[];
}

/** @returns undefined if the line sets nothing */
function settingOf(line: string): { key: string; value: string } | undefined {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) return undefined;
  const equals = trimmed.indexOf('=');
  if (equals === -1) return { key: trimmed, value: 'true' };
  return { key: trimmed.slice(0, equals).trim(), value: trimmed.slice(equals + 1).trim() };
}

function problemOf(key: string): string | undefined {
  if (key.includes('_auth') || key.includes('_password'))
    return 'is not read, but anyone who has the package can read the credential: remove it';
  if (key === 'registry' || key.endsWith(':registry'))
    return 'is not read: packages come from the registry that the operator configured';
  return undefined;
}

/** @throws Error if the file cannot be read */
export async function readPackageNpmSettings(packageDir: string): Promise<PackageNpmSettings> {
  const text = (await manifestText(packageDir, npmSettingsFile, fileLimitBytes)) ?? '';
  const problems: ManifestProblem[] = [];
  let legacyPeerDeps = false;
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const setting = settingOf(line);
    if (setting === undefined) continue;
    const { key, value } = setting;
    if (key === 'legacy-peer-deps') legacyPeerDeps = value === 'true';
    const reason = problemOf(key);
    if (reason === undefined) continue;
    const place = { file: npmSettingsFile, line: index + 1, text: shortened(key) };
    problems.push({ kind: 'ignored', ...place, reason });
  }
  return { legacyPeerDeps, problems };
}
