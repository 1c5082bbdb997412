import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import yauzl from 'yauzl';
import { ChelaError, invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';
import { isMacOsClutter, packagePath, TakenPaths, wrappingFolder } from './package-paths.ts';

export interface UnpackLimits {
  /** Most bytes of all files together, unpacked. */
  readonly unpackedBytes: number;
  /** Most files, and most folders. */
  readonly files: number;
}

/** A file or folder to unpack, checked as far as the zip's directory tells. */
export interface ZipMember {
  /** Below the package root, with forward slashes. */
  readonly path: string;
  readonly isFolder: boolean;
  readonly isExecutable: boolean;
  readonly isDeflated: boolean;
  /** Where its bytes lie in the zip file. */
  readonly start: number;
  readonly end: number;
  /** As the zip declares it. */
  readonly unpackedBytes: number;
  readonly crc32: number;
}

const chunkBytes = 64 * 1024;

/** File type bits of a Unix mode. */
const typeMask = 0o170000;
const typeRegular = 0o100000;
const typeFolder = 0o040000;
const typeLink = 0o120000;

/** Systems, by the high byte of "version made by", whose zips may separate folders by backslashes: FAT, HPFS, NTFS. */
const windowsSystems = new Set([0, 6, 10]);

/**
 * Reads a zip by file handle. yauzl's own reader throws from a callback, and so ends the process, where a zip points
 * beyond 2^53; this one reports whatever lies outside the file as an error.
 */
export class ZipReader extends yauzl.RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;
  /** What was read last for the directory: its parts are tiny and mostly follow each other. */
  #window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };

  /** @param handle stays open and is the caller's to close */
  constructor(handle: FileHandle, sizeBytes: number) {
    super();
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  async #fill(buffer: Buffer, position: number): Promise<void> {
    if (position + buffer.length > this.#sizeBytes) throw new Error('it points beyond the end of the file');
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

/** yauzl reports a broken zip by plain errors; an error of the system (disk full, no permission) is none of that. */
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
  // Many tools write UTF-8 without saying so; other code pages hardly ever look like it.
  const flags = isUtf8(raw) ? entry.generalPurposeBitFlag | utf8Flag : entry.generalPurposeBitFlag;
  return yauzl.getFileNameLowLevel(flags, raw, entry.extraFields, true);
}

/** Refuses what is neither a file nor a folder, and what cannot be decoded. */
function checkKind(entry: yauzl.Entry, name: string, isFolder: boolean): void {
  function refuse(reason: string): never {
    throw invalidArgument(`the zip entry ${quoted(name)} ${reason}`);
  }
  const type = (entry.externalFileAttributes >>> 16) & typeMask;
  if (type === typeLink) refuse('is a symbolic link; put a copy of the file there instead');
  if (type !== 0 && type !== typeRegular && type !== typeFolder)
    refuse('is a device or another special file');
  if (type === typeFolder && !isFolder) refuse('is both a file and a folder');
  if (entry.isEncrypted()) refuse('is encrypted; make the zip without a password');
  if (!entry.canDecodeFileData()) {
    refuse(
      `uses the compression method ${entry.compressionMethod}; make the zip with the common method, deflate`,
    );
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
    if (fileCount > limits.files) throw invalidArgument(`the zip holds more than ${limits.files} files`);
    if (unpackedBytes > limits.unpackedBytes) throw tooLarge(limits);
    named.push({ entry, path, isFolder });
  }
  return named;
}

export function tooLarge(limits: UnpackLimits): ChelaError {
  return invalidArgument(`the files in the zip are larger than ${limits.unpackedBytes} bytes together`);
}

/** Entries that share bytes are how a small zip unpacks to a huge tree. */
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
 * Reads and checks the directory of a zip; nothing is unpacked.
 * @returns its members, folders before what lies in them, without the folder that wraps all
 * @throws ChelaError INVALID_ARGUMENT for a zip that is broken, hostile or over a limit
 */
export async function readZipDirectory(
  reader: ZipReader,
  zipSizeBytes: number,
  limits: UnpackLimits,
): Promise<ZipMember[]> {
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, zipSizeBytes, {
    autoClose: false,
    // Names are decoded here, so that a refusal can tell which entry and why.
    decodeStrings: false,
  });
  // Files, folders and the double of each that macOS adds.
  if (zip.entryCount > limits.files * 4)
    throw invalidArgument(`the zip holds more than ${limits.files} files`);
  // The cursor is a position, whatever its declared type.
  const directoryStart = Number(zip.readEntryCursor);
  const entries = await readEntries(zip, limits);
  await checkDirectoryEnd(reader, Number(zip.readEntryCursor));
  const files = entries.filter(({ isFolder }) => !isFolder);
  if (files.length === 0) throw invalidArgument('the zip holds no files');

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
      throw invalidArgument(`the zip holds more than ${limits.files} folders`);
    members.push({
      path,
      isFolder,
      // Zips made on Windows lose the bit; a compiled worker cannot do without it.
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

/** Some tools write more than 65,535 entries and count them in 16 bits; to unpack a part would be worse than nothing. */
async function checkDirectoryEnd(reader: ZipReader, position: number): Promise<void> {
  const signature = Buffer.alloc(4);
  const error = await new Promise<Error | null>((resolve) => reader.read(signature, 0, 4, position, resolve));
  if (error !== null) throw error;
  if (signature.readUInt32LE() === 0x02014b50) {
    throw invalidArgument('the zip holds more entries than its directory counts');
  }
}
