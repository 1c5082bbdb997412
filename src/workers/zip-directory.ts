import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import yauzl from 'yauzl';
import { ChelaError, invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';
import { isMacOsClutter, packagePath, TakenPaths, wrappingFolder } from './package-paths.ts';

export interface UnpackLimits {
  /** Maximum unpacked size of all files together. */
  readonly unpackedBytes: number;
  /** Maximum number of files, and of folders. */
  readonly files: number;
}

/** A file or folder to unpack, checked as far as the zip's directory allows. */
export interface ZipMember {
  /** Below the package root, with forward slashes. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly isExecutable: boolean;
  readonly isDeflated: boolean;
  /** Offset of its data in the zip file. */
  readonly start: number;
  readonly end: number;
  /** As declared by the zip. */
  readonly unpackedBytes: number;
  readonly crc32: number;
}

const chunkBytes = 64 * 1024;

/** File type bits of a Unix mode. */
const typeMask = 0o170000;
const typeRegular = 0o100000;
const typeFolder = 0o040000;
const typeLink = 0o120000;

/** Systems whose zips may use backslashes in paths (FAT, HPFS, NTFS), by the high byte of "version made by". */
const windowsSystems = new Set([0, 6, 10]);

/**
 * Reads a zip through a file handle. If a zip has offsets beyond 2^53, yauzl's own reader throws from a callback, which
 * would end the process. This one reports every read outside the file as an error.
 */
export class ZipReader extends yauzl.RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;
  /** The last read part of the directory, whose entries are tiny and mostly consecutive. */
  #window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };

  /** @param handle stays open; the caller closes it */
  constructor(handle: FileHandle, sizeBytes: number) {
    super();
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  async #fill(buffer: Buffer, position: number): Promise<void> {
    if (position + buffer.length > this.#sizeBytes)
      throw new Error('an offset is beyond the end of the file');
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position);
    if (bytesRead < buffer.length) throw new Error('unexpected end of the file');
  }

  async #fillFromWindow(part: Buffer, position: number): Promise<void> {
    let { start, bytes } = this.#window;
    if (position < start || position + part.length > start + bytes.length) {
      start = position;
      bytes = Buffer.allocUnsafe(Math.max(part.length, Math.min(chunkBytes, this.#sizeBytes - position)));
      await this.#fill(bytes, position);
      this.#window = { start, bytes };
    }
    bytes.copy(part, 0, position - start);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const fill = callbackify(this.#fillFromWindow.bind(this));
    fill(buffer.subarray(offset, offset + length), position, callback);
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end; position += chunkBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - position));
      await this.#fill(chunk, position);
      yield chunk;
    }
  }

  override createReadStream(range: { start: number; end: number }): Readable {
    return Readable.from(this.#chunks(range.start, range.end), { objectMode: false });
  }
}

/**
 * Turns yauzl's plain errors for malformed zips into refusals. System errors (disk full, no permission) stay as they
 * are.
 */
export function asRefusal(error: unknown, what: string): unknown {
  if (error instanceof ChelaError || !(error instanceof Error) || 'syscall' in error) return error;
  return invalidArgument(`${what}: ${error.message}`);
}

function entryName(entry: yauzl.Entry): string {
  const raw = entry.fileNameRaw;
  const utf8Flag = 0x800;
  const declaresUtf8 = (entry.generalPurposeBitFlag & utf8Flag) !== 0;
  if (declaresUtf8 && !isUtf8(raw)) {
    throw invalidArgument(`the zip entry ${quoted(raw.toString('latin1'))} has a name that is not UTF-8`);
  }
  // Many tools write UTF-8 without setting the flag; text in other code pages is rarely valid UTF-8.
  const flags = isUtf8(raw) ? entry.generalPurposeBitFlag | utf8Flag : entry.generalPurposeBitFlag;
  return yauzl.getFileNameLowLevel(flags, raw, entry.extraFields, true);
}

/** Rejects special files, and entries that cannot be decoded. */
function checkKind(entry: yauzl.Entry, name: string, isFolder: boolean): void {
  function refuse(reason: string): never {
    throw invalidArgument(`the zip entry ${quoted(name)} ${reason}`);
  }
  const type = (entry.externalFileAttributes >>> 16) & typeMask;
  if (type === typeLink) refuse('is a symbolic link; replace it with a copy of the file');
  if (type !== 0 && type !== typeRegular && type !== typeFolder)
    refuse('is a device or another special file');
  if (type === typeFolder && !isFolder) refuse('is both a file and a folder');
  if (entry.isEncrypted()) refuse('is encrypted; create the zip without a password');
  if (!entry.canDecodeFileData()) {
    refuse(`uses the compression method ${entry.compressionMethod}; create the zip with the deflate method`);
  }
  if (isFolder && entry.uncompressedSize > 0) refuse('is both a file and a folder');
}

interface NamedEntry {
  readonly entry: yauzl.Entry;
  readonly path: string;
  readonly isFolder: boolean;
}

async function readEntries(zip: yauzl.ZipFile, limits: UnpackLimits): Promise<NamedEntry[]> {
  const named: NamedEntry[] = [];
  let fileCount = 0;
  let unpackedBytes = 0;
  for await (const entry of zip.eachEntry()) {
    const name = entryName(entry);
    const system = entry.versionMadeBy >>> 8;
    const path = packagePath(name, windowsSystems.has(system));
    const isFolder = /[/\\]$/.test(name);
    if (isMacOsClutter(path)) continue;
    checkKind(entry, name, isFolder);
    fileCount += isFolder ? 0 : 1;
    unpackedBytes += entry.uncompressedSize;
    if (fileCount > limits.files) throw invalidArgument(`the zip has more than ${limits.files} files`);
    if (unpackedBytes > limits.unpackedBytes) throw tooLarge(limits);
    named.push({ entry, path, isFolder });
  }
  return named;
}

export function tooLarge(limits: UnpackLimits): ChelaError {
  return invalidArgument(`the files in the zip are larger than ${limits.unpackedBytes} bytes together`);
}

/** Rejects overlapping entries, with which a small zip can unpack to a huge tree. */
function checkOverlap(ranges: { path: string; start: number; end: number }[], directoryStart: number): void {
  const sorted = ranges.toSorted((one, other) => one.start - other.start);
  for (const [index, range] of sorted.entries()) {
    const next = sorted[index + 1];
    if (range.end > (next?.start ?? directoryStart)) {
      const other = next === undefined ? "the zip's directory" : `the entry ${quoted(next.path)}`;
      throw invalidArgument(`the zip entry ${quoted(range.path)} overlaps ${other}`);
    }
  }
}

/**
 * Reads and checks the directory of a zip without unpacking it.
 * @returns its members, each folder before its contents, without a folder that contains everything
 * @throws ChelaError INVALID_ARGUMENT for a zip that is malformed, malicious or over a limit
 */
export async function readZipDirectory(
  reader: ZipReader,
  zipSizeBytes: number,
  limits: UnpackLimits,
): Promise<ZipMember[]> {
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, zipSizeBytes, {
    autoClose: false,
    // Names are decoded here, so that an error can name the entry.
    decodeStrings: false,
  });
  // Files, folders, and the duplicate of each that macOS adds.
  if (zip.entryCount > limits.files * 4) throw invalidArgument(`the zip has more than ${limits.files} files`);
  // A number, despite its declared type.
  const directoryStart = Number(zip.readEntryCursor);
  const entries = await readEntries(zip, limits);
  await checkDirectoryEnd(reader, Number(zip.readEntryCursor));
  const files = entries.filter(({ isFolder }) => !isFolder);
  if (files.length === 0) throw invalidArgument('the zip has no files');

  const wrapper = wrappingFolder(files.map(({ path }) => path));
  const taken = new TakenPaths();
  const members: ZipMember[] = [];
  const ranges = [];
  for (const { entry, path: wrappedPath, isFolder } of entries) {
    const { fileDataStart } = await zip
      .readLocalFileHeaderPromise(entry, { minimal: true })
      .catch((error: unknown) => {
        throw asRefusal(error, `the zip entry ${quoted(wrappedPath)} is damaged`);
      });
    const end = fileDataStart + entry.compressedSize;
    ranges.push({ path: wrappedPath, start: entry.relativeOffsetOfLocalHeader, end });
    if (wrapper !== '' && !wrappedPath.startsWith(wrapper)) continue;
    const path = wrappedPath.slice(wrapper.length);
    taken.add(path, isFolder ? 'folder' : 'file');
    if (taken.folderCount > limits.files)
      throw invalidArgument(`the zip has more than ${limits.files} folders`);
    members.push({
      path,
      isFolder,
      // Zips made on Windows lose the executable bit, which compiled workers need.
      isExecutable: ((entry.externalFileAttributes >>> 16) & 0o111) !== 0 || path === 'main',
      isDeflated: entry.isCompressed(),
      start: fileDataStart,
      end,
      unpackedBytes: entry.uncompressedSize,
      crc32: entry.crc32,
    });
  }
  checkOverlap(ranges, directoryStart);
  return members;
}

/** Some tools write more than 65,535 entries with a 16-bit count. Refuse them rather than unpack only a part. */
async function checkDirectoryEnd(reader: ZipReader, position: number): Promise<void> {
  const signature = Buffer.alloc(4);
  const error = await new Promise<Error | null>((resolve) => reader.read(signature, 0, 4, position, resolve));
  if (error !== null) throw error;
  if (signature.readUInt32LE() === 0x02014b50) {
    throw invalidArgument('the zip has more entries than its directory declares');
  }
}
