/** Lock files of pnpm and yarn, and the version of the tool that reads them. */
import { hasManifest, lockLimitBytes, manifestText } from './manifest-file.ts';

export const lockTools = ['pnpm', 'yarn-classic', 'yarn-berry'] as const;
export type LockTool = (typeof lockTools)[number];

export interface OtherLock {
  readonly tool: LockTool;
  /** npm package that carries the tool, and its exact version. */
  readonly carrier: string;
  readonly version: string;
  readonly name: string;
  readonly text: string;
}

const carriers: Readonly<Record<LockTool, string>> = {
  pnpm: 'pnpm',
  'yarn-classic': 'yarn',
  'yarn-berry': '@yarnpkg/cli-dist',
};

/** Versions for packages that name none, by the first version of the lock file's format that they write. */
const pnpmVersions = [
  { format: 9, version: '10.18.3' },
  { format: 6, version: '8.15.9' },
  { format: 5, version: '7.33.7' },
] as const;
const classicVersion = '1.22.22';
const berryVersion = '4.9.2';
/** For lock files with a format below 8. */
const oldBerryVersion = '3.8.7';

function versionFor(
  versions: readonly { readonly format: number; readonly version: string }[],
  format: number,
): string | undefined {
  return versions.find((candidate) => format >= candidate.format)?.version;
}

/** The version in `"packageManager": "pnpm@9.15.0+sha512.…"`. */
function namedVersion(manager: unknown, name: string): string | undefined {
  if (typeof manager !== 'string' || manager.length > 256 || !manager.startsWith(`${name}@`))
    return undefined;
  const [version = ''] = manager.slice(name.length + 1).split('+', 1);
  return /^\d{1,6}\.\d{1,6}\.\d{1,6}$/.test(version) ? version : undefined;
}

async function readPnpm(packageDir: string, manager: unknown): Promise<OtherLock | undefined> {
  const name = 'pnpm-lock.yaml';
  const text = await manifestText(packageDir, name, lockLimitBytes);
  const [, format] = /^lockfileVersion:[ ]?['"]?(\d{1,3}(?:\.\d{1,3})?)/m.exec(text ?? '') ?? [];
  if (text === undefined || format === undefined) return undefined;
  const version = namedVersion(manager, 'pnpm') ?? versionFor(pnpmVersions, Number(format));
  return version === undefined ? undefined : { tool: 'pnpm', carrier: carriers.pnpm, version, name, text };
}

async function readYarn(packageDir: string, manager: unknown): Promise<OtherLock | undefined> {
  const name = 'yarn.lock';
  const text = await manifestText(packageDir, name, lockLimitBytes);
  if (text === undefined) return undefined;
  const named = namedVersion(manager, 'yarn');
  const [, format] = /^__metadata:\r?\n[ ]{1,8}version: ?(\d{1,3})/m.exec(text) ?? [];
  if (format === undefined) {
    const version = named?.startsWith('1.') ? named : classicVersion;
    return { tool: 'yarn-classic', carrier: carriers['yarn-classic'], version, name, text };
  }
  // The registry lacks most versions of 2.
  const fitting = named !== undefined && /^[12]\./.test(named) ? undefined : named;
  const version = fitting ?? (Number(format) >= 8 ? berryVersion : oldBerryVersion);
  return { tool: 'yarn-berry', carrier: carriers['yarn-berry'], version, name, text };
}

/**
 * @param manager `packageManager` of package.json, which may name the tool's version
 * @returns undefined if there is none, or its format is unknown
 * @throws Error if it cannot be read
 */
export async function readOtherLock(packageDir: string, manager: unknown): Promise<OtherLock | undefined> {
  return (await readPnpm(packageDir, manager)) ?? (await readYarn(packageDir, manager));
}

/** Lock files that are not read. */
export async function unreadLock(packageDir: string): Promise<string | undefined> {
  for (const file of ['bun.lock', 'bun.lockb', 'pnpm-lock.yaml', 'yarn.lock'])
    if (await hasManifest(packageDir, file)) return file;
  return undefined;
}
