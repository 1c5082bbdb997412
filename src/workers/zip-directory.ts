import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { callbackify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import yauzl from 'yauzl';
import { ChelaError, invalidArgument } from '../errors.ts';
import { decodeText } from '../text/decoded-text.ts';
import { quoted, type Findings } from './findings.ts';
import { nodeDependencies } from './package-dependencies.ts';
import { isClutter, packagePath, TakenPaths, wrappingFolder } from './package-paths.ts';
import { isJsonObject, parseJson } from './value-types.ts';
import { linkedFiles, maxLinks } from './zip-links.ts';
import { ZipNames } from './zip-names.ts';

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

/** Rejects special files, and entries that cannot be decoded. */
function checkKind({ entry, path: name, isFolder }: NamedEntry): void {
  function refuse(reason: string): never {
    throw invalidArgument(`the zip entry ${quoted(name)} ${reason}`);
  }
  const type = (entry.externalFileAttributes >>> 16) & typeMask;
  if (type !== 0 && type !== typeRegular && type !== typeFolder && type !== typeLink)
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

/** Maximum number of entries for each kept file: folders, files that macOS adds, and files that are left out. */
const entriesPerFile = 10;
const longestTargetBytes = 4096;
const maxNamedFolders = 10;
const manifestLimitBytes = 1024 * 1024;

function isLink({ entry }: Pick<NamedEntry, 'entry'>): boolean {
  return ((entry.externalFileAttributes >>> 16) & typeMask) === typeLink;
}

async function readEntries(zip: yauzl.ZipFile, findings: Findings): Promise<NamedEntry[]> {
  const entries: yauzl.Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  const names = new ZipNames(entries);
  const named = entries.map((entry) => {
    const name = names.nameOf(entry);
    const path = packagePath(name, windowsSystems.has(entry.versionMadeBy >>> 8));
    return { entry, path, isFolder: /[/\\]$/.test(name) };
  });
  const [first] = names.guessed;
  if (first !== undefined) {
    const shown = names.guessed.slice(0, 10).map(quoted).join(', ');
    const count = names.guessed.length;
    const what =
      count === 1 ? 'a name in an undeclared encoding' : `${count} names in an undeclared encoding`;
    const message = `has ${what}, read as ${names.codePage}: ${shown}; create the zip with names in UTF-8`;
    findings.warn('package', message);
  }
  return named.filter(({ path }) => !isClutter(path));
}

/** Reads a whole small entry. @returns undefined if it is larger than the limit */
async function readSmallEntry(
  zip: yauzl.ZipFile,
  reader: ZipReader,
  { entry, path }: NamedEntry,
  limitBytes: number,
): Promise<Buffer | undefined> {
  if (entry.uncompressedSize > limitBytes || entry.compressedSize > limitBytes * 2) return undefined;
  try {
    const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const packed = await buffer(reader.createReadStream({ start, end: start + entry.compressedSize }));
    return entry.isCompressed() ? inflateRawSync(packed, { maxOutputLength: limitBytes }) : packed;
  } catch (error) {
    throw asRefusal(error, `the zip entry ${quoted(path)} is damaged`);
  }
}

/** Whether package.json declares dependencies, which are then installed in place of those in the zip. */
async function installsModules(
  zip: yauzl.ZipFile,
  reader: ZipReader,
  manifest: NamedEntry | undefined,
): Promise<boolean> {
  const bytes = manifest && (await readSmallEntry(zip, reader, manifest, manifestLimitBytes));
  if (bytes === undefined) return false;
  try {
    const parsed = parseJson(decodeText(bytes));
    return isJsonObject(parsed) && nodeDependencies(parsed).size > 0;
  } catch {
    // The check of the package reports it.
    return false;
  }
}

/** Folders of the package that are left out because their contents are installed; with a slash at the end. */
async function leftOutFolders(
  zip: yauzl.ZipFile,
  reader: ZipReader,
  entries: readonly NamedEntry[],
): Promise<string[]> {
  const environments = entries
    .filter(({ path }) => path.endsWith('/pyvenv.cfg'))
    .map(({ path }) => path.slice(0, -'pyvenv.cfg'.length));
  const modules = 'node_modules/';
  const manifest = entries.find(({ path }) => path === 'package.json');
  const hasModules = entries.some(({ path }) => path.startsWith(modules));
  const isInstalled = hasModules && (await installsModules(zip, reader, manifest));
  return [...new Set([...(isInstalled ? [modules] : []), ...environments])];
}

export function tooLarge(limits: UnpackLimits): ChelaError {
  return invalidArgument(`the files in the zip are larger than ${limits.unpackedBytes} bytes together`);
}

/** Rejects overlapping entries, which let a small zip unpack to a huge tree. */
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

/** Whether a path is one of these folders or below one. */
function isWithin(folders: ReadonlySet<string>, path: string): boolean {
  if (folders.size === 0) return false;
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    if (folders.has(path.slice(0, slash + 1))) return true;
  }
  return folders.has(`${path}/`);
}

/** Counts the unpacked files and bytes, including the copies that links become. */
class KeptFiles {
  readonly #limits: UnpackLimits;
  #files = 0;
  #bytes = 0;

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
  }

  /** @throws ChelaError INVALID_ARGUMENT if a limit is exceeded */
  add(sizeBytes: number): void {
    this.#files += 1;
    this.#bytes += sizeBytes;
    if (this.#files > this.#limits.files)
      throw invalidArgument(`the zip has more than ${this.#limits.files} files`);
    if (this.#bytes > this.#limits.unpackedBytes) throw tooLarge(this.#limits);
  }
}

/** Reads the directory of one zip. */
class DirectoryReader {
  readonly #zip: yauzl.ZipFile;
  readonly #reader: ZipReader;
  readonly #limits: UnpackLimits;
  readonly #kept: KeptFiles;
  readonly #taken = new TakenPaths();
  readonly #members: ZipMember[] = [];
  readonly #links = new Map<string, string>();
  /** Folders that are left out of the package, with a slash at the end. */
  #leftOut: ReadonlySet<string> = new Set();
  readonly #ranges: { path: string; start: number; end: number }[] = [];

  constructor(zip: yauzl.ZipFile, reader: ZipReader, limits: UnpackLimits) {
    this.#zip = zip;
    this.#reader = reader;
    this.#limits = limits;
    this.#kept = new KeptFiles(limits);
  }

  /** The entries that belong to the package, with paths relative to its root. */
  async #packageEntries(entries: readonly NamedEntry[], findings: Findings): Promise<NamedEntry[]> {
    const wrapper = wrappingFolder(entries.filter(({ isFolder }) => !isFolder).map(({ path }) => path));
    const inside = entries
      .filter(({ path }) => path.startsWith(wrapper))
      .map((entry) => ({ ...entry, path: entry.path.slice(wrapper.length) }));
    const leftOut = await leftOutFolders(this.#zip, this.#reader, inside);
    for (const folder of leftOut.slice(0, maxNamedFolders)) {
      const list = folder === 'node_modules/' ? 'package.json' : 'requirements.txt or pyproject.toml';
      const message = `is left out: the dependencies in ${list} are installed instead; put modules of your own elsewhere`;
      findings.warn(folder, message);
    }
    this.#leftOut = new Set(leftOut);
    return inside.filter(({ path }) => !isWithin(this.#leftOut, path));
  }

  #take(path: string, kind: 'file' | 'folder'): void {
    this.#taken.add(path, kind);
    if (this.#taken.folderCount > this.#limits.files)
      throw invalidArgument(`the zip has more than ${this.#limits.files} folders`);
  }

  async #addLink(link: NamedEntry): Promise<void> {
    const target = await readSmallEntry(this.#zip, this.#reader, link, longestTargetBytes);
    if (target === undefined)
      throw invalidArgument(`the zip entry ${quoted(link.path)} is a symbolic link with too long a target`);
    this.#links.set(link.path, target.toString('utf8'));
    if (this.#links.size > maxLinks)
      throw invalidArgument(`the zip has more than ${maxLinks} symbolic links`);
  }

  async #add({ entry, path, isFolder }: NamedEntry): Promise<void> {
    const { fileDataStart: start } = await this.#zip
      .readLocalFileHeaderPromise(entry, { minimal: true })
      .catch((error: unknown) => {
        throw asRefusal(error, `the zip entry ${quoted(path)} is damaged`);
      });
    const end = start + entry.compressedSize;
    this.#ranges.push({ path, start: entry.relativeOffsetOfLocalHeader, end });
    if (isLink({ entry })) {
      await this.#addLink({ entry, path, isFolder });
      return;
    }
    this.#take(path, isFolder ? 'folder' : 'file');
    this.#members.push({
      path,
      isFolder,
      // Zips made on Windows lose the executable bit, which compiled workers need.
      isExecutable: ((entry.externalFileAttributes >>> 16) & 0o111) !== 0 || path === 'main',
      isDeflated: entry.isCompressed(),
      start,
      end,
      unpackedBytes: entry.uncompressedSize,
      crc32: entry.crc32,
    });
  }

  #addLinkedFiles(): void {
    const files = new Map(
      this.#members.filter(({ isFolder }) => !isFolder).map((member) => [member.path, member]),
    );
    for (const member of linkedFiles({
      files,
      links: this.#links,
      isLeftOut: (path) => isWithin(this.#leftOut, path),
    })) {
      this.#kept.add(member.unpackedBytes);
      this.#take(member.path, 'file');
      this.#members.push(member);
    }
  }

  async read(findings: Findings): Promise<ZipMember[]> {
    // A number, despite its declared type.
    const directoryStart = Number(this.#zip.readEntryCursor);
    const entries = await readEntries(this.#zip, findings);
    await checkDirectoryEnd(this.#reader, Number(this.#zip.readEntryCursor));
    if (entries.every(({ isFolder }) => isFolder)) throw invalidArgument('the zip has no files');
    const kept = await this.#packageEntries(entries, findings);
    for (const entry of kept) {
      checkKind(entry);
      if (!entry.isFolder) this.#kept.add(entry.entry.uncompressedSize);
    }
    for (const entry of kept) await this.#add(entry);
    checkOverlap(this.#ranges, directoryStart);
    this.#addLinkedFiles();
    return this.#members;
  }
}

/**
 * Reads and checks the directory of a zip without unpacking it. Drops folders that wrap the whole package, files that
 * operating systems add, Python virtual environments, and `node_modules` if package.json declares dependencies.
 * @param findings receives warnings about files that are left out and names whose encoding was guessed
 * @returns its members, each folder before its contents
 * @throws ChelaError INVALID_ARGUMENT for a zip that is malformed, malicious or over a limit
 */
export async function readZipDirectory(
  reader: ZipReader,
  zipSizeBytes: number,
  limits: UnpackLimits,
  findings: Findings,
): Promise<ZipMember[]> {
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, zipSizeBytes, {
    autoClose: false,
    // Names are decoded here, so that an error can name the entry.
    decodeStrings: false,
  });
  if (zip.entryCount > limits.files * entriesPerFile)
    throw invalidArgument(`the zip has more than ${limits.files} files`);
  return new DirectoryReader(zip, reader, limits).read(findings);
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
