/** A dropped or chosen package: a zip is sent unchanged, a folder is zipped in the browser. */

export interface PackageSource {
  /** Name of the folder, or of the zip without its extension. */
  readonly name: string;
  readonly files: readonly PackageFile[];
  /** The zip; absent for a folder. */
  readonly zip?: File;
}

interface PackageFile {
  /** Path within the package, `lib/page.js`. */
  readonly path: string;
  readonly file: File;
}

/** The same as `chela push` leaves out: installed and generated files, and local secrets. */
const leftOut = new Set([
  'node_modules',
  '.git',
  '.DS_Store',
  '__pycache__',
  '__MACOSX',
  '.venv',
  '.chela',
  '.env',
]);

export class NoPackageError extends Error {
  override name = 'NoPackageError';
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  // The reader returns up to 100 entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function filesOf(entry: FileSystemEntry, path: string): Promise<PackageFile[]> {
  if (leftOut.has(entry.name)) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ path, file }];
  }
  const entries = await entriesOf(entry as FileSystemDirectoryEntry);
  const prefix = path === '' ? '' : `${path}/`;
  return (await Promise.all(entries.map(async (child) => filesOf(child, `${prefix}${child.name}`)))).flat();
}

function isZip({ name }: { readonly name: string }): boolean {
  return name.toLowerCase().endsWith('.zip');
}

function zipSource(file: File): PackageSource {
  return { name: file.name.replace(/\.zip$/i, ''), files: [], zip: file };
}

/**
 * The dropped package: one zip, one folder, or the files of one.
 * @param data of the drop event. The browser empties it afterwards, so call this within the handler
 * @throws NoPackageError for anything else
 */
export async function droppedPackage(data: DataTransfer): Promise<PackageSource> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const [first] = entries;
  const [file] = data.files;
  if (entries.length <= 1 && file !== undefined && isZip(file)) return zipSource(file);
  if (first === undefined) throw new NoPackageError();
  if (entries.length === 1 && first.isDirectory) {
    return { name: first.name, files: await filesOf(first, '') };
  }
  const files = await Promise.all(entries.map(async (entry) => filesOf(entry, entry.name)));
  return { name: '', files: files.flat() };
}

/**
 * The package chosen in a file dialog: one zip, or the files of a folder. @throws NoPackageError if nothing was chosen
 */
export function chosenPackage(chosen: readonly File[]): PackageSource {
  const [first] = chosen;
  if (first === undefined) throw new NoPackageError();
  if (first.webkitRelativePath === '') return zipSource(first);
  const [name = ''] = first.webkitRelativePath.split('/');
  const files = chosen
    .map((file) => ({ path: file.webkitRelativePath.split('/').slice(1).join('/'), file }))
    .filter(({ path }) => !path.split('/').some((part) => leftOut.has(part)));
  return { name, files };
}

/** The package as a zip. @throws NoPackageError if it contains no file */
export async function zipOf({ files, zip }: PackageSource): Promise<Blob> {
  if (zip !== undefined) return zip;
  if (files.length === 0) throw new NoPackageError();
  const { zipSync } = await import('fflate');
  const contents = await Promise.all(
    files.map(async ({ path, file }) => [path, new Uint8Array(await file.arrayBuffer())] as const),
  );
  // The asynchronous version uses threads, whose scripts the console's Content-Security-Policy blocks.
  return new Blob([new Uint8Array(zipSync(Object.fromEntries(contents)))], { type: 'application/zip' });
}
