import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';

export interface PackageFile {
  /** Relative to the listed folder, with forward slashes. */
  readonly path: string;
  /** Path to open, after following links. */
  readonly location: string;
  readonly isExecutable: boolean;
  readonly sizeBytes: number;
}

export interface ListOptions {
  /** Names of files and folders to omit, at any depth. */
  readonly leftOut?: ReadonlySet<string>;
  /**
   * `refuse` throws for links and special files; `skip` omits them; `copy` lists the target of a link within the
   * folder, and throws for other links and special files.
   */
  readonly links: 'refuse' | 'skip' | 'copy';
  /** Called for each folder before its entries. The prefix of their paths is empty or ends with a slash. */
  readonly enter?: (prefix: string, location: string) => Promise<void>;
  /** Whether to omit a file, or a folder with its contents. */
  readonly leavesOut?: (path: string, location: string, isFolder: boolean) => Promise<boolean>;
}

async function resolveLink(root: string, location: string, name: string): Promise<string> {
  const target = await realpath(location).catch(() => undefined);
  if (target === undefined) throw invalidArgument(`${quoted(name)} is a broken link`);
  if (!target.startsWith(`${await realpath(root)}${path.sep}`)) {
    throw invalidArgument(`${quoted(name)} is a link to a place outside the folder; replace it with a copy`);
  }
  return target;
}

/** Node replaces bytes of a name that are not UTF-8 with U+FFFD, and does not find the file by that name. */
async function hasReadableName(entry: Dirent, location: string): Promise<boolean> {
  if (!entry.name.includes('\uFFFD')) return true;
  return lstat(location).then(
    () => true,
    () => false,
  );
}

/** A folder to list, and the real paths of the folders that lead to it. */
interface Visit {
  readonly location: string;
  readonly prefix: string;
  readonly through: readonly string[];
}

class FileList {
  readonly files: PackageFile[] = [];
  readonly #root: string;
  readonly #options: ListOptions;

  constructor(root: string, options: ListOptions) {
    this.#root = root;
    this.#options = options;
  }

  async visit({ location, prefix, through }: Visit): Promise<void> {
    await this.#options.enter?.(prefix, location);
    for (const entry of await readdir(location, { withFileTypes: true })) {
      if (this.#options.leftOut?.has(entry.name)) continue;
      const place = path.join(location, entry.name);
      await this.#add(entry, { location: place, prefix: `${prefix}${entry.name}`, through });
    }
  }

  async #add(entry: Dirent, { location, prefix: name, through }: Visit): Promise<void> {
    if (!(await hasReadableName(entry, location))) {
      if (await this.#options.leavesOut?.(name, location, entry.isDirectory())) return;
      throw invalidArgument(`the name of ${quoted(name)} is not UTF-8; rename it`);
    }
    const isFollowed = entry.isSymbolicLink() && this.#options.links === 'copy';
    // A link that is omitted by its name may have any target.
    if (isFollowed && (await this.#options.leavesOut?.(name, location, false))) return;
    const target = isFollowed ? await resolveLink(this.#root, location, name) : location;
    const stats = isFollowed || entry.isFile() ? await stat(target) : undefined;
    const isFolder = entry.isDirectory() || (stats?.isDirectory() ?? false);
    if ((!isFollowed || isFolder) && (await this.#options.leavesOut?.(name, target, isFolder))) return;
    if (isFolder) {
      // Only followed links can form a circle.
      const real = this.#options.links === 'copy' ? await realpath(target) : target;
      if (through.includes(real))
        throw invalidArgument(`${quoted(name)} is a link to a folder that contains it; remove it`);
      await this.visit({ location: target, prefix: `${name}/`, through: [...through, real] });
    } else if (stats?.isFile()) {
      const isExecutable = (stats.mode & 0o100) !== 0;
      this.files.push({ path: name, location: target, isExecutable, sizeBytes: stats.size });
    } else if (this.#options.links !== 'skip') {
      const kind = entry.isSymbolicLink() ? 'a symbolic link' : 'a special file';
      throw invalidArgument(`${quoted(name)} is ${kind}; a package may contain only files and folders`);
    }
  }
}

/**
 * Lists all files below a folder, sorted by the bytes of their paths.
 * @throws ChelaError INVALID_ARGUMENT for links and special files (devices, pipes, sockets) that `links` does not allow, and
 *   for names that are not UTF-8
 */
export async function listPackageFiles(root: string, options: ListOptions): Promise<PackageFile[]> {
  const list = new FileList(root, options);
  await list.visit({ location: root, prefix: '', through: [] });
  return list.files.toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));
}
