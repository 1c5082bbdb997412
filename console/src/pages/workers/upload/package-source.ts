/** A dropped or chosen package: a zip is sent unchanged, a folder is zipped in the browser. */
import { ignoreFiles, IgnoreRules } from '../../../../../src/workers/ignore-rules.ts';

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

async function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}

/** The contents of one folder's ignore files, in order of precedence. */
async function rulesIn(
  files: readonly { readonly name: string; readonly read: () => Promise<File> }[],
): Promise<string[]> {
  const texts = ignoreFiles.map(async (name) =>
    (await files.find((file) => file.name === name)?.read())?.text(),
  );
  return (await Promise.all(texts)).filter((text) => text !== undefined);
}

function isFileEntry(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** @param prefix of the paths of these entries, empty or with a slash at the end */
async function filesOf(
  entries: readonly FileSystemEntry[],
  prefix: string,
  rules: IgnoreRules,
): Promise<PackageFile[]> {
  // pyvenv.cfg marks a Python virtual environment, whatever its name.
  if (prefix !== '' && entries.some(({ name }) => name === 'pyvenv.cfg')) return [];
  const files = entries.filter(isFileEntry);
  rules.enter(
    prefix,
    await rulesIn(files.map((entry) => ({ name: entry.name, read: async () => fileOf(entry) }))),
  );
  const kept = entries.filter(({ name, isDirectory }) => !rules.leavesOut(`${prefix}${name}`, isDirectory));
  const found = kept.map(async (entry): Promise<PackageFile[]> => {
    const path = `${prefix}${entry.name}`;
    if (isFileEntry(entry)) return [{ path, file: await fileOf(entry) }];
    return filesOf(await entriesOf(entry as FileSystemDirectoryEntry), `${path}/`, rules);
  });
  return (await Promise.all(found)).flat();
}

/** The folders that contain a file, outermost first, each with a slash at the end. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    folders.push(path.slice(0, slash + 1));
  return folders;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** The files of a folder that belong to the package. */
async function keptFiles(files: readonly PackageFile[]): Promise<PackageFile[]> {
  const rules = new IgnoreRules();
  const environments = new Set(
    files.filter(({ path }) => path.endsWith('/pyvenv.cfg')).map(({ path }) => parentOf(path)),
  );
  const ruleFiles = files.filter(({ file }) => ignoreFiles.some((name) => name === file.name));
  const folders = new Set(['', ...ruleFiles.map(({ path }) => parentOf(path)).toSorted()]);
  for (const folder of folders) {
    const own = ruleFiles.filter(({ path }) => parentOf(path) === folder);
    rules.enter(folder, await rulesIn(own.map(({ file }) => ({ name: file.name, read: async () => file }))));
  }
  const isKept = new Map<string, boolean>();
  const keeps = (folder: string): boolean => {
    const known =
      isKept.get(folder) ?? !(environments.has(folder) || rules.leavesOut(folder.slice(0, -1), true));
    isKept.set(folder, known);
    return known;
  };
  return files.filter(({ path }) => foldersOf(path).every(keeps) && !rules.leavesOut(path, false));
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
    const inside = await entriesOf(first as FileSystemDirectoryEntry);
    return { name: first.name, files: await filesOf(inside, '', new IgnoreRules()) };
  }
  return { name: '', files: await filesOf(entries, '', new IgnoreRules()) };
}

/**
 * The package chosen in a file dialog: one zip, or the files of a folder. @throws NoPackageError if nothing was chosen
 */
export async function chosenPackage(chosen: readonly File[]): Promise<PackageSource> {
  const [first] = chosen;
  if (first === undefined) throw new NoPackageError();
  if (first.webkitRelativePath === '') return zipSource(first);
  const [name = ''] = first.webkitRelativePath.split('/');
  const files = chosen.map((file) => ({ path: file.webkitRelativePath.split('/').slice(1).join('/'), file }));
  return { name, files: await keptFiles(files) };
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
