/** Arranges paths as a tree. */

export interface Folder<File> {
  /** '' for the root. */
  readonly name: string;
  readonly folders: Folder<File>[];
  readonly files: { readonly name: string; readonly file: File }[];
}

/** Folders come before files, both by name. */
export function treeOf<File extends { readonly path: string }>(files: readonly File[]): Folder<File> {
  const root: Folder<File> = { name: '', folders: [], files: [] };
  const byPath = new Map<string, Folder<File>>([['', root]]);
  const folderAt = (path: string): Folder<File> => {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf('/');
    const folder: Folder<File> = { name: path.slice(cut + 1), folders: [], files: [] };
    byPath.set(path, folder);
    folderAt(path.slice(0, Math.max(0, cut))).folders.push(folder);
    return folder;
  };
  for (const file of files.toSorted((one, other) => (one.path < other.path ? -1 : 1))) {
    const cut = file.path.lastIndexOf('/');
    folderAt(file.path.slice(0, Math.max(0, cut))).files.push({ name: file.path.slice(cut + 1), file });
  }
  return root;
}
