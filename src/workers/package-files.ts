import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';

export interface PackageFile {
  /** Below the folder, with forward slashes. */
  readonly path: string;
  /** Where it can be opened. */
  readonly location: string;
  readonly isExecutable: boolean;
  readonly sizeBytes: number;
}

export interface ListOptions {
  /** Names of files and folders to pass over, at any depth. */
  readonly leftOut?: ReadonlySet<string>;
  /**
   * `refuse` throws for links and special files, `skip` passes over them, `copy` lists a link to a file within the
   * folder as that file and refuses the rest.
   */
  readonly links: 'refuse' | 'skip' | 'copy';
}

async function resolveLink(root: string, location: string, name: string): Promise<string> {
  const target = await realpath(location).catch(() => undefined);
  if (target === undefined) throw invalidArgument(`${quoted(name)} is a broken link`);
  if (!target.startsWith(`${await realpath(root)}${path.sep}`)) {
    throw invalidArgument(`${quoted(name)} is a link to a place outside the folder; replace it with a copy`);
  }
  return target;
}

/**
 * All files below a folder, sorted by the bytes of their paths.
 * @throws ChelaError INVALID_ARGUMENT for links that may not be followed, and for devices, pipes and sockets
 */
export async function listPackageFiles(root: string, options: ListOptions): Promise<PackageFile[]> {
  const files: PackageFile[] = [];
  async function visit(folder: string, prefix: string): Promise<void> {
    for (const found of await readdir(folder, { withFileTypes: true })) {
      if (options.leftOut?.has(found.name)) continue;
      const name = `${prefix}${found.name}`;
      const place = path.join(folder, found.name);
      if (found.isDirectory()) {
        await visit(place, `${name}/`);
        continue;
      }
      const follow = found.isSymbolicLink() && options.links === 'copy';
      const location = follow ? await resolveLink(root, place, name) : place;
      const stats = found.isFile() || follow ? await stat(location) : undefined;
      if (!stats?.isFile()) {
        if (options.links === 'skip') continue;
        const kind = found.isSymbolicLink() ? 'a symbolic link' : 'a special file';
        throw invalidArgument(`${quoted(name)} is ${kind}; a package may contain only files and folders`);
      }
      files.push({ path: name, location, isExecutable: (stats.mode & 0o100) !== 0, sizeBytes: stats.size });
    }
  }
  await visit(root, '');
  return files.toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));
}
