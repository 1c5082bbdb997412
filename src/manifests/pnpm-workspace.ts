/** Settings of pnpm in pnpm-workspace.yaml that determine an installation. */
import { parse } from 'yaml';
import { manifestText } from './manifest-file.ts';
import { isObject } from './package-json.ts';

const fileName = 'pnpm-workspace.yaml';
const limitBytes = 1024 * 1024;

/**
 * The settings that pnpm compares with its lock file, or reads versions from. The others would only change how it works, such
 * as its registries and hooks, or name folders of a workspace.
 */
const keptSettings = [
  'overrides',
  'catalog',
  'catalogs',
  'packageExtensions',
  'ignoredOptionalDependencies',
  'peerDependencyRules',
  'allowedDeprecatedVersions',
] as const;

export type PnpmSettings = Readonly<Partial<Record<(typeof keptSettings)[number], unknown>>>;

/**
 * @returns undefined if there is no such file, or it has no setting that counts
 * @throws Error if it cannot be read
 */
export async function readPnpmSettings(packageDir: string): Promise<PnpmSettings | undefined> {
  const text = await manifestText(packageDir, fileName, limitBytes);
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new Error(`${fileName} is not YAML: ${(error as Error).message.split('\n', 1)[0]}`, {
      cause: error,
    });
  }
  if (content === null) return undefined;
  if (!isObject(content)) throw new Error(`${fileName} must be a mapping of settings`);
  const kept = keptSettings.filter((name) => content[name] !== undefined && content[name] !== null);
  return kept.length === 0 ? undefined : Object.fromEntries(kept.map((name) => [name, content[name]]));
}

/** pnpm-workspace.yaml with these settings only. */
export function pnpmWorkspaceFile(settings: PnpmSettings): Record<string, string> {
  // JSON is YAML.
  return { [fileName]: `${JSON.stringify(settings)}\n` };
}
