import type { Dirent } from 'node:fs';
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
   * `refuse` throws for links and special files, `skip` omits them, `copy` lists a link to a file or folder within the
   * folder as what it leads to and refuses the rest.
   */
  readonly links: 'refuse' | 'skip' | 'copy';
  /** Called for each folder before its entries; the prefix of their paths is empty or ends with a slash. */
  readonly enter?: (prefix: string, location: string) => Promise<void>;
  /** Whether a file or folder is passed over, with all that is in it. */
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

/** A folder that is listed, and the folders that it was reached through, as they really are. */
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
    const isFollowed = entry.isSymbolicLink() && this.#options.links === 'copy';
    // Left out by its name, a link may lead anywhere.
    if (isFollowed && (await this.#options.leavesOut?.(name, location, false))) return;
    const target = isFollowed ? await resolveLink(this.#root, location, name) : location;
    const stats = isFollowed || entry.isFile() ? await stat(target) : undefined;
    const isFolder = entry.isDirectory() || (stats?.isDirectory() ?? false);
    if ((!isFollowed || isFolder) && (await this.#options.leavesOut?.(name, target, isFolder))) return;
    if (isFolder) {
      // Without links followed there are no circles.
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
 * All files below a folder, sorted by the bytes of their paths.
 * @throws ChelaError INVALID_ARGUMENT for links that may not be followed, and for devices, pipes and sockets
 */
export async function listPackageFiles(root: string, options: ListOptions): Promise<PackageFile[]> {
  const list = new FileList(root, options);
  await list.visit({ location: root, prefix: '', through: [] });
  return list.files.toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));
}
