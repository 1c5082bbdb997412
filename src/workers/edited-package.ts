/** Packs a worker from files that were written in a browser, together with those of an earlier version. */
import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';
import { listPackageFiles, type PackageFile } from './package-files.ts';

export interface WrittenFile {
  /** Path within the package. */
  readonly path: string;
  readonly content: string;
}

export interface PackageEdit {
  /** Files that are added or replaced. */
  readonly files: readonly WrittenFile[];
  /** Paths of files of the earlier version that are left out. */
  readonly removed: readonly string[];
  /** Files of the earlier version that get another path. */
  readonly renamed: readonly RenamedFile[];
}

export interface RenamedFile {
  readonly from: string;
  readonly to: string;
}

/** Compressed larger files may look like a zip bomb; see `archive.ts`. */
const compressedUpToBytes = 1024 * 1024;

/** The earliest time that a zip can represent, so that the bytes depend only on the files. */
const mtime = new Date(1980, 0, 1);

function refuseBrokenName(file: string): void {
  if (file.includes('\\')) throw invalidArgument(`the file name ${quoted(file)} has a backslash; use /`);
  if (!file.isWellFormed()) throw invalidArgument(`the file name ${quoted(file)} is not valid text`);
  try {
    // The check of the library, without a file that it would open.
    new yazl.ZipFile().addBuffer(Buffer.alloc(0), file);
  } catch (error) {
    throw invalidArgument(`the file name ${quoted(file)} is not allowed: ${(error as Error).message}`);
  }
}

/** @throws ChelaError INVALID_ARGUMENT for texts that UTF-8 cannot represent, and names that a zip changes */
function refuseBrokenText({ files, renamed }: PackageEdit): void {
  for (const { to } of renamed) refuseBrokenName(to);
  for (const { path: file, content } of files) {
    refuseBrokenName(file);
    if (!content.isWellFormed())
      throw invalidArgument(`${quoted(file)} contains half of a character (a lone surrogate); remove it`);
  }
}

function entryOptions(isExecutable: boolean, bytes: number): Partial<yazl.Options> {
  return {
    compress: bytes <= compressedUpToBytes,
    mode: isExecutable ? 0o100755 : 0o100644,
    mtime,
    forceDosTimestamp: true,
  };
}

function addFiles(
  zip: yazl.ZipFile,
  { files }: PackageEdit,
  kept: readonly PackageFile[],
  executable: ReadonlySet<string>,
): void {
  for (const { path: file, content } of files) {
    const bytes = Buffer.from(content);
    zip.addBuffer(bytes, file, entryOptions(executable.has(file), bytes.length));
  }
  for (const { location, path: file, isExecutable, sizeBytes } of kept)
    zip.addFile(location, file, entryOptions(isExecutable, sizeBytes));
}

/**
 * The files of the earlier version that stay, at the paths they have from now on.
 * @throws ChelaError INVALID_ARGUMENT for a renamed file that does not exist, or whose path another file has
 */
function keptFiles(earlier: readonly PackageFile[], { files, removed, renamed }: PackageEdit): PackageFile[] {
  const known = new Set(earlier.map((file) => file.path));
  const missing = renamed.find(({ from }) => !known.has(from));
  if (missing !== undefined) throw invalidArgument(`there is no file ${quoted(missing.from)} to rename`);
  const targets = new Map(renamed.map(({ from, to }) => [from, to]));
  const replaced = new Set([...removed, ...files.map((file) => file.path)]);
  const kept = earlier
    .filter((file) => targets.has(file.path) || !replaced.has(file.path))
    .map((file) => ({ ...file, path: targets.get(file.path) ?? file.path }));
  const taken = new Set(files.map((file) => file.path));
  for (const { path: file } of kept) {
    if (taken.has(file)) throw invalidArgument(`two files would have the path ${quoted(file)}`);
    taken.add(file);
  }
  return kept;
}

/**
 * Writes the zip of an edited package, which is then checked like an upload.
 * @param base folder of the unpacked earlier version; undefined for a new worker
 * @throws ChelaError INVALID_ARGUMENT for texts and names that a zip cannot have
 */
export async function writeEditedPackage(
  base: string | undefined,
  edit: PackageEdit,
  zipFile: string,
): Promise<void> {
  refuseBrokenText(edit);
  const earlier = base === undefined ? [] : await listPackageFiles(base, { links: 'skip' });
  const kept = keptFiles(earlier, edit);
  const executable = new Set(earlier.filter((file) => file.isExecutable).map((file) => file.path));
  const zip = new yazl.ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  addFiles(zip, edit, kept, executable);
  zip.end();
  await pipeline(output, createWriteStream(zipFile));
}
