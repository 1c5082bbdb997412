/** A package as it is dropped or chosen: a zip as it is, a folder as a zip made here. */

export interface PackageSource {
  /** Of the folder, or of the zip without its ending. */
  readonly name: string;
  readonly files: readonly PackageFile[];
  /** The zip that was given; absent where a folder was. */
  readonly zip?: File;
}

interface PackageFile {
  /** Within the package, `lib/page.js`. */
  readonly path: string;
  readonly file: File;
}

/** What `chela push` leaves out, too: what is installed or made elsewhere, and secrets of the machine. */
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
  // A reader gives a hundred at a time, and none at the end.
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
 * What was dropped: one zip, one folder, or the files of one.
 * @param data of the drop event, which is empty once the event is over: call this within it
 * @throws NoPackageError where it is none of these
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

/** What was chosen with a dialog of the browser: one zip, or the files of a folder. @throws NoPackageError for nothing */
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

/** The package as the zip that is sent. @throws NoPackageError where it has no file */
export async function zipOf({ files, zip }: PackageSource): Promise<Blob> {
  if (zip !== undefined) return zip;
  if (files.length === 0) throw new NoPackageError();
  const { zipSync } = await import('fflate');
  const contents = await Promise.all(
    files.map(async ({ path, file }) => [path, new Uint8Array(await file.arrayBuffer())] as const),
  );
  // Its other way works in threads, whose scripts the Content-Security-Policy of the console refuses.
  return new Blob([new Uint8Array(zipSync(Object.fromEntries(contents)))], { type: 'application/zip' });
}
