import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import yazl from 'yazl';
import { invalidArgument } from '../errors.ts';
import { Findings, quoted } from './findings.ts';
import { listPackageFiles, type PackageFile } from './package-files.ts';
import {
  asRefusal,
  readZipDirectory,
  tooLarge,
  ZipReader,
  type UnpackLimits,
  type ZipMember,
} from './zip-directory.ts';

export type { UnpackLimits } from './zip-directory.ts';

/** Deflate reaches 1:1000 on zeros; real files rarely exceed 1:50. Small files may exceed it without harm. */
const ratioLimit = 200;
const ratioFromBytes = 1024 * 1024;

/** The size of Node's thread pool: packages are many small files, and most of the time is spent waiting. */
const filesAtATime = 4;

/** Writes the files of a zip and counts their actual size, whatever the zip declares. */
class Unpacking {
  readonly #reader: ZipReader;
  readonly #directory: string;
  readonly #limits: UnpackLimits;
  readonly #madeFolders = new Map<string, Promise<unknown>>();
  #unpackedBytes = 0;

  constructor(reader: ZipReader, directory: string, limits: UnpackLimits) {
    this.#reader = reader;
    this.#directory = directory;
    this.#limits = limits;
  }

  async *#checked(member: ZipMember, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const packedBytes = member.end - member.start;
    let memberBytes = 0;
    let checksum = 0;
    function refuse(reason: string): never {
      throw invalidArgument(`the zip entry ${quoted(member.path)} ${reason}`);
    }
    for await (const chunk of chunks) {
      memberBytes += chunk.length;
      this.#unpackedBytes += chunk.length;
      checksum = crc32(chunk, checksum);
      if (this.#unpackedBytes > this.#limits.unpackedBytes) throw tooLarge(this.#limits);
      if (memberBytes > ratioFromBytes && memberBytes > packedBytes * ratioLimit) {
        refuse(`unpacks to more than ${ratioLimit} times its packed size, like a zip bomb`);
      }
      if (memberBytes > member.unpackedBytes) refuse('has more bytes than the zip declares');
      yield chunk;
    }
    if (memberBytes < member.unpackedBytes) refuse('has fewer bytes than the zip declares');
    if (checksum !== member.crc32) refuse('is damaged: its checksum is wrong');
  }

  async #makeFolder(folder: string): Promise<void> {
    const made = this.#madeFolders.get(folder) ?? mkdir(folder, { recursive: true });
    this.#madeFolders.set(folder, made);
    await made;
  }

  async #write(member: ZipMember): Promise<void> {
    const place = path.join(this.#directory, member.path);
    if (member.isFolder) {
      await this.#makeFolder(place);
      return;
    }
    await this.#makeFolder(path.dirname(place));
    const packed = this.#reader.createReadStream(member);
    const check = (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> => this.#checked(member, chunks);
    const file = createWriteStream(place, { flags: 'wx' });
    try {
      await (member.isDeflated
        ? pipeline(packed, createInflateRaw(), check, file)
        : pipeline(packed, check, file));
    } catch (error) {
      throw asRefusal(error, `the zip entry ${quoted(member.path)} is damaged`);
    }
    // Not through the stream's mode, which the process's umask restricts.
    await chmod(place, member.isExecutable ? 0o755 : 0o644);
  }

  /** Writes several files at a time. After a failure it starts no more, and waits for those in progress. */
  async writeAll(members: readonly ZipMember[]): Promise<void> {
    const waiting = members.values();
    const failures: unknown[] = [];
    const write = async (): Promise<void> => {
      for (const member of waiting) {
        if (failures.length > 0) return;
        await this.#write(member).catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: filesAtATime }, write));
    if (failures.length > 0) throw failures[0];
  }
}

async function unpackInto(
  zipFile: string,
  directory: string,
  limits: UnpackLimits,
  findings: Findings,
): Promise<void> {
  await using handle = await open(zipFile);
  const { size } = await handle.stat();
  const reader = new ZipReader(handle, size);
  const members = await readZipDirectory(reader, size, limits, findings).catch((error: unknown) => {
    throw asRefusal(error, 'the package is not a readable zip');
  });
  const unpacking = new Unpacking(reader, directory, limits);
  await unpacking.writeAll(members);
  const folders = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const folder of folders.filter((found) => found.isDirectory())) {
    await chmod(path.join(folder.parentPath, folder.name), 0o755);
  }
  await chmod(directory, 0o755);
}

/**
 * Unpacks a worker package. Files get mode 0644, or 0755 if the zip marks them executable and for `main` at the root;
 * folders get 0755. Links within the package become copies. See `readZipDirectory` for what is left out, and for which
 * folder becomes the root.
 * @param destinationDir must not exist, or be empty; removed on failure
 * @param findings receives warnings about files that are left out and names whose encoding was guessed
 * @throws ChelaError INVALID_ARGUMENT for a zip that is malformed, malicious or over a limit: paths and links outside the
 *   root, special files, encryption, clashing names, overlapping entries, wrong sizes and checksums
 */
export async function unpackZip(
  zipFile: string,
  destinationDir: string,
  limits: UnpackLimits,
  findings = new Findings(),
): Promise<void> {
  await mkdir(destinationDir, { recursive: true });
  if ((await readdir(destinationDir)).length > 0) {
    throw new Error(`a package is unpacked into an empty folder only, but ${destinationDir} is not empty`);
  }
  try {
    await unpackInto(zipFile, destinationDir, limits, findings);
  } catch (error) {
    await rm(destinationDir, { recursive: true, force: true });
    throw error;
  }
}

/** Left out when a folder is zipped: generated files, and files that belong to the author's machine. */
const leftOut = new Set([
  'node_modules',
  '.git',
  '.DS_Store',
  '__pycache__',
  '__MACOSX',
  '.venv',
  '.chela',
  // Secrets of the author's machine; a run gets its settings through its input.
  '.env',
]);

/**
 * Packs a folder as a worker package, reproducibly. Leaves out node_modules, .git, __pycache__, .venv, .chela, .env and
 * files that macOS adds. A link within the folder is packed as a copy of its target.
 * @throws ChelaError INVALID_ARGUMENT for a link that leaves the folder or is broken, for special files, and if there is
 *   nothing to pack
 */
export async function zipFolder(folder: string): Promise<Readable> {
  const files = await listPackageFiles(folder, { leftOut, links: 'copy' });
  if (files.length === 0) throw invalidArgument(`the folder ${quoted(folder)} has no files`);
  return zipFiles(files);
}

/** Packs files reproducibly: the same bytes each time. */
export function zipFiles(files: readonly PackageFile[]): Readable {
  const zip = new yazl.ZipFile();
  const output = zip.outputStream as Readable;
  let opened: ReadStream | undefined;
  zip.on('error', (error: Error) => output.destroy(error));
  // A consumer that stops half-way leaves the current file open.
  output.once('close', () => opened?.destroy());
  for (const file of files) {
    const options = {
      mode: file.isExecutable ? 0o100755 : 0o100644,
      // The earliest time that a zip can represent, in any time zone, so that the bytes depend only on the files.
      mtime: new Date(1980, 0, 1),
      forceDosTimestamp: true,
    };
    zip.addReadStreamLazy(file.path, options, (start) => {
      opened = createReadStream(file.location);
      opened.once('error', (error) => output.destroy(error));
      start(null, opened);
    });
  }
  zip.end();
  return output;
}
