/** Installed npm packages whose install scripts did not run. Most work anyway; those that compile code do not. */
import { access, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** npm's record of installed packages. */
const recordName = '.package-lock.json';
const recordLimitBytes = 4 * 1024 * 1024;
const maxNamed = 20;

export interface SkippedScripts {
  /** Packages that have install scripts. */
  readonly all: readonly string[];
  /** Those that compile native code and come without prebuilt binaries. */
  readonly compiling: readonly string[];
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function compiles(folder: string): Promise<boolean> {
  if (!(await isThere(path.join(folder, 'binding.gyp')))) return false;
  const compiled = ['prebuilds', path.join('build', 'Release')];
  const found = await Promise.all(compiled.map(async (name) => isThere(path.join(folder, name))));
  return !found.includes(true);
}

/** @param modulesDir `node_modules` as npm made it, without running scripts */
export async function findSkippedScripts(modulesDir: string): Promise<SkippedScripts> {
  const record = path.join(modulesDir, recordName);
  const size = await stat(record).then(
    (found) => found.size,
    () => Infinity,
  );
  if (size > recordLimitBytes) return { all: [], compiling: [] };
  const { packages = {} } = JSON.parse(await readFile(record, 'utf8')) as {
    packages?: Record<string, { hasInstallScript?: boolean }>;
  };
  const places = Object.keys(packages).filter((place) => packages[place]?.hasInstallScript === true);
  const all = new Set<string>();
  const compiling = new Set<string>();
  for (const place of places.slice(0, maxNamed)) {
    const name = place.split('node_modules/').at(-1) ?? place;
    all.add(name);
    const folder = path.join(modulesDir, '..', place);
    if (!path.relative(modulesDir, folder).startsWith('..') && (await compiles(folder))) compiling.add(name);
  }
  return { all: [...all], compiling: [...compiling] };
}
