/** The files of a published package, for readers. */
import { createReadStream } from 'node:fs';
import { ChelaError } from '../errors.ts';
import { quoted } from './findings.ts';
import { listPackageFiles, type PackageFile } from './package-files.ts';
import { readPackageBytes } from './package-text.ts';

/** Longer texts are cut. */
const shownTextBytes = 1024 * 1024;
/** Files of a package that are listed, and changes of one that are. */
const listedFiles = 5000;

interface FileOfVersion {
  /** Path within the package. */
  readonly path: string;
  readonly bytes: number;
  readonly isExecutable: boolean;
}

export interface FileText {
  readonly path: string;
  readonly bytes: number;
  /** Empty if it is not text. */
  readonly content: string;
  /** Whether it is UTF-8 without the character U+0000. */
  readonly isText: boolean;
  /** Whether the content is only the start of the file. */
  readonly isTruncated: boolean;
}

interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Size before; 0 if it was added. */
  readonly baseBytes: number;
  /** Size after; 0 if it was removed. */
  readonly bytes: number;
}

async function filesIn(directory: string): Promise<PackageFile[]> {
  return listPackageFiles(directory, { links: 'skip' });
}

/** The first 5000 files of a package by path, and how many there are. @param directory the unpacked package */
export async function filesOfVersion(directory: string): Promise<{ count: number; list: FileOfVersion[] }> {
  const files = await filesIn(directory);
  const list = files
    .slice(0, listedFiles)
    .map(({ path: file, sizeBytes, isExecutable }) => ({ path: file, bytes: sizeBytes, isExecutable }));
  return { count: files.length, list };
}

/** @returns undefined if the bytes are not text. The end of a text that was cut may be within a character. */
function textOf(bytes: Buffer, isCut: boolean): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

/**
 * One file of a package, as text if it is.
 * @param directory the unpacked package
 * @throws ChelaError NOT_FOUND
 */
export async function fileOfVersion(directory: string, file: string): Promise<FileText> {
  // Only the exact path of a file names it, so nothing outside the package is ever looked at.
  const found = (await filesIn(directory)).find((listed) => listed.path === file);
  const read = found && (await readPackageBytes(directory, file, shownTextBytes));
  if (found === undefined || read === undefined)
    throw new ChelaError('NOT_FOUND', `this version has no file ${quoted(file)}`);
  const isTruncated = found.sizeBytes > read.length;
  const content = textOf(read, isTruncated);
  return {
    path: file,
    bytes: found.sizeBytes,
    content: content ?? '',
    isText: content !== undefined,
    isTruncated: content !== undefined && isTruncated,
  };
}

async function haveSameContent(one: PackageFile, other: PackageFile): Promise<boolean> {
  if (one.sizeBytes !== other.sizeBytes) return false;
  const streams = [createReadStream(one.location), createReadStream(other.location)] as const;
  try {
    const others = streams[1][Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    // Both streams read in chunks of the same size.
    for await (const chunk of streams[0] as AsyncIterable<Buffer>) {
      const next = await others.next();
      if (next.done === true || !chunk.equals(next.value)) return false;
    }
    return true;
  } finally {
    for (const stream of streams) stream.destroy();
  }
}

/**
 * What changed from one package to another: the first 5000 files by path, and how many there are.
 * @param baseDirectory the unpacked package before
 */
export async function changedFiles(
  baseDirectory: string,
  directory: string,
): Promise<{ count: number; list: FileChange[] }> {
  const before = new Map((await filesIn(baseDirectory)).map((file) => [file.path, file]));
  const after = new Map((await filesIn(directory)).map((file) => [file.path, file]));
  const changes: FileChange[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const one = before.get(name);
    const other = after.get(name);
    const sizes = { path: name, baseBytes: one?.sizeBytes ?? 0, bytes: other?.sizeBytes ?? 0 };
    if (one === undefined) changes.push({ ...sizes, change: 'added' });
    else if (other === undefined) changes.push({ ...sizes, change: 'removed' });
    else if (!(await haveSameContent(one, other))) changes.push({ ...sizes, change: 'changed' });
  }
  return { count: changes.length, list: changes.slice(0, listedFiles) };
}
