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
}

/** Compressed larger files may look like a zip bomb; see `archive.ts`. */
const compressedUpToBytes = 1024 * 1024;

/** The earliest time that a zip can represent, so that the bytes depend only on the files. */
const mtime = new Date(1980, 0, 1);

/** @throws ChelaError INVALID_ARGUMENT for texts that UTF-8 cannot represent, and names that a zip changes */
function refuseBrokenText({ files }: PackageEdit): void {
  for (const { path: file, content } of files) {
    if (file.includes('\\')) throw invalidArgument(`the file name ${quoted(file)} has a backslash; use /`);
    if (!file.isWellFormed()) throw invalidArgument(`the file name ${quoted(file)} is not valid text`);
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
    try {
      const bytes = Buffer.from(content);
      zip.addBuffer(bytes, file, entryOptions(executable.has(file), bytes.length));
    } catch (error) {
      throw invalidArgument(`the file name ${quoted(file)} is not allowed: ${(error as Error).message}`);
    }
  }
  // Last: files are opened, which must not happen if a name was refused.
  for (const { location, path: file, isExecutable, sizeBytes } of kept)
    zip.addFile(location, file, entryOptions(isExecutable, sizeBytes));
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
  const replaced = new Set([...edit.removed, ...edit.files.map((file) => file.path)]);
  const kept = earlier.filter((file) => !replaced.has(file.path));
  const executable = new Set(earlier.filter((file) => file.isExecutable).map((file) => file.path));
  const zip = new yazl.ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  addFiles(zip, edit, kept, executable);
  zip.end();
  await pipeline(output, createWriteStream(zipFile));
}
