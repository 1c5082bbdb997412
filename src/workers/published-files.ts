/** Lists the files of a folder to publish, without generated and ignored files. */
import { access, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { decodeText, withoutByteOrderMark } from '../text/decoded-text.ts';
import { ignoreFiles, IgnoreRules } from './ignore-rules.ts';
import { listPackageFiles, type PackageFile } from './package-files.ts';

export interface PublishedFiles {
  readonly files: readonly PackageFile[];
  /** Paths of files and folders; folders end with a slash. */
  readonly leftOut: readonly string[];
}

const rulesLimitBytes = 1024 * 1024;

async function rulesOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile() || found.size > rulesLimitBytes) return undefined;
  return withoutByteOrderMark(decodeText(await readFile(file), { lenient: true }));
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Folders from the root of the git repository down to the parent of `folder`; none outside a repository. */
async function repositoryFolders(folder: string): Promise<string[]> {
  const folders: string[] = [];
  for (let above = folder; ; above = path.dirname(above)) {
    if (above !== folder) folders.unshift(above);
    if (await isThere(path.join(above, '.git'))) return folders;
    if (above === path.dirname(above)) return [];
  }
}

/**
 * Lists the files of a folder to publish. Rules from the folders above apply too, up to the root of the git repository.
 * @throws ChelaError INVALID_ARGUMENT for links that leave the folder or are broken, and for special files
 */
export async function listPublishedFiles(folder: string): Promise<PublishedFiles> {
  const root = path.resolve(folder);
  const rules = new IgnoreRules();
  for (const above of await repositoryFolders(root)) {
    const text = await rulesOf(path.join(above, '.gitignore'));
    if (text !== undefined) rules.addAbove(`${path.relative(above, root).split(path.sep).join('/')}/`, text);
  }
  const leftOut: string[] = [];
  const files = await listPackageFiles(root, {
    links: 'copy',
    enter: async (prefix, location) => {
      const texts = await Promise.all(ignoreFiles.map(async (name) => rulesOf(path.join(location, name))));
      rules.enter(
        prefix,
        texts.filter((text) => text !== undefined),
      );
    },
    leavesOut: async (name, location, isFolder) => {
      // pyvenv.cfg marks a Python virtual environment, whatever its name.
      const isLeftOut =
        rules.leavesOut(name, isFolder) || (isFolder && (await isThere(path.join(location, 'pyvenv.cfg'))));
      if (isLeftOut) leftOut.push(isFolder ? `${name}/` : name);
      return isLeftOut;
    },
  });
  return { files, leftOut };
}
