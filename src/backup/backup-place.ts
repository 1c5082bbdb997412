/**
 * Where backups are kept: a folder or a bucket. A backup is several files, `NAME.0001` and so on, and last `NAME.json`,
 * which makes it one: without it, the files are what an interrupted backup left.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Config } from '../configuration/configuration.ts';
import type { Storage } from '../storage/storage.ts';
import { FolderStorage, S3Storage } from '../storage/open-storage.ts';
import { BackupError } from './backup-error.ts';

/** A file of a bucket has at most 10,000 parts, so large backups are several files. */
const partBytes = 1024 * 1024 * 1024;
const summaryLimitBytes = 1024 * 1024;
const namePattern = /^chela-(?<date>\d{8})T(?<time>\d{6})Z-(?<installation>[0-9a-f]{8})$/;

/** What is known of a backup without reading it. */
export interface BackupSummary {
  readonly name: string;
  /** ISO 8601. */
  readonly madeAt: string;
  /** Version of Chela that made it. */
  readonly version: string;
  readonly isEncrypted: boolean;
  readonly parts: number;
  readonly sizeBytes: number;
}

/** A backup of a list: its summary, or why its description cannot be read. */
export type ListedBackup =
  | { readonly name: string; readonly summary: BackupSummary }
  | { readonly name: string; readonly problem: string };

/** @param secret the signing secret of the installation: backups of several can be in one place */
export function backupName(now: Date, secret: Buffer): string {
  const moment = now.toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');
  return `chela-${moment}-${installationOf(secret)}`;
}

/** Names the installation without giving its secret away. */
export function installationOf(secret: Buffer): string {
  return createHash('sha256').update('chela backup').update(secret).digest('hex').slice(0, 8);
}

/** When a backup was begun, and of which installation it is; undefined if it is not the name of a backup. */
export function partsOfName(name: string): { begunAt: Date; installation: string } | undefined {
  const { date = '', time = '', installation } = namePattern.exec(name)?.groups ?? {};
  if (installation === undefined) return undefined;
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6)];
  const [hour, minute, second] = [time.slice(0, 2), time.slice(2, 4), time.slice(4)];
  return { begunAt: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`), installation };
}

/**
 * Opens a place.
 * @param place path of a folder, or `s3://BUCKET/PREFIX` in the store of the configuration
 * @throws BackupError if it is where the platform has its own files, or it names no bucket
 */
export function openPlace(place: string, config: Config): Storage {
  if (place.startsWith('s3://')) {
    const [, s3Bucket, prefix = ''] = /^s3:\/\/([\w.-]+)(?:\/(.*))?$/.exec(place) ?? [];
    if (s3Bucket === undefined)
      throw new BackupError(`${place} names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX`);
    const s3Prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    const storesThere = [config.storage, config.storagePrevious].includes('s3');
    if (storesThere && s3Bucket === config.s3Bucket && s3Prefix.startsWith(config.s3Prefix)) {
      throw new BackupError(
        `${place} is among the stored blobs: choose another bucket, or a prefix that does not start with "${config.s3Prefix}"`,
      );
    }
    return new S3Storage({ ...config, s3Bucket, s3Prefix, downloads: 'api' });
  }
  const folder = path.resolve(place);
  checkOwnFolder(folder, config);
  return new FolderStorage(folder, 'the folder of the backups');
}

/** @throws BackupError if files of the platform are in the folder, or would be beside the backups */
function checkOwnFolder(folder: string, { dataDir, cacheDir }: Pick<Config, 'dataDir' | 'cacheDir'>): void {
  const real = realPath(folder);
  const taken: Readonly<Record<string, string>> = {
    'the stored blobs': path.join(dataDir, 'storage'),
    'the files of the database': path.join(dataDir, 'postgres'),
    'the files of the cache': cacheDir,
  };
  for (const [what, place] of Object.entries(taken)) {
    if (isWithin(real, realPath(place)))
      throw new BackupError(`${folder} is among ${what}: choose another folder`);
  }
  if (isWithin(realPath(dataDir), real))
    throw new BackupError(`${folder} contains the data folder: choose a folder for the backups alone`);
}

/** Follows links, also if the end of the path does not exist yet. */
function realPath(place: string): string {
  const absolute = path.resolve(place);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPath(parent), path.basename(absolute));
  }
}

function isWithin(place: string, folder: string): boolean {
  const way = path.relative(folder, place);
  return way !== '..' && !way.startsWith(`..${path.sep}`);
}

/** The backup that a file belongs to. */
function nameOf(key: string): string {
  return key.slice(0, key.lastIndexOf('.'));
}

function partKey(name: string, number: number): string {
  return `${name}.${String(number).padStart(4, '0')}`;
}

/** Writes and reads the files of backups. */
export class BackupPlace {
  readonly #storage: Storage;
  readonly #partBytes: number;

  /** @param options.partBytes size of a file */
  constructor(storage: Storage, options: { partBytes?: number } = {}) {
    this.#storage = storage;
    this.#partBytes = options.partBytes ?? partBytes;
  }

  async check(): Promise<void> {
    await this.#storage.check().catch((error: Error) => {
      throw new BackupError(error.message);
    });
  }

  /**
   * Stores an archive. The backup exists once its summary is written; before that nothing takes it for one.
   * @throws BackupError if the place cannot be written to, and what the archive throws
   */
  async write(
    archive: AsyncIterable<Uint8Array>,
    summary: Omit<BackupSummary, 'parts' | 'sizeBytes'>,
  ): Promise<BackupSummary> {
    let ofArchive: unknown;
    const pieces = noticing(archive, (error) => {
      ofArchive = error;
    });
    const cutter = new PartCutter(pieces, this.#partBytes);
    let [parts, sizeBytes] = [0, 0];
    try {
      while (!cutter.isAtEnd) {
        parts += 1;
        const part = Readable.from(cutter.part(), { objectMode: false });
        sizeBytes += await this.#storage.write(partKey(summary.name, parts), part);
      }
      const written = { ...summary, parts, sizeBytes };
      await this.#storage.write(
        `${summary.name}.json`,
        Readable.from([Buffer.from(JSON.stringify(written))]),
      );
      return written;
    } catch (error) {
      await pieces.return(undefined);
      for (let number = 1; number <= parts; number += 1)
        await this.#storage.remove(partKey(summary.name, number)).catch(() => undefined);
      if (ofArchive !== undefined) throw ofArchive;
      throw new BackupError(`the backup cannot be written to its place: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** The bytes of an archive. @throws BackupError if a file is missing, or one is too many or too few bytes long */
  async *read({ name, parts, sizeBytes }: BackupSummary): AsyncIterable<Uint8Array> {
    let read = 0;
    for (let number = 1; number <= parts; number += 1) {
      for await (const piece of this.#content(partKey(name, number))) {
        read += piece.length;
        yield piece;
      }
    }
    if (read !== sizeBytes)
      throw new BackupError(`the backup ${name} has ${read} bytes, but should have ${sizeBytes}`);
  }

  async *#content(key: string): AsyncIterable<Uint8Array> {
    try {
      yield* (await this.#storage.read(key)) as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw unreadable(key, error);
    }
  }

  /** Complete backups, oldest first. One whose description cannot be read does not hide the others. */
  async list(): Promise<ListedBackup[]> {
    const { complete } = await this.#names();
    return Promise.all(complete.map((name) => this.#listed(name)));
  }

  async #listed(name: string): Promise<ListedBackup> {
    try {
      return { name, summary: await this.summary(name) };
    } catch (error) {
      if (error instanceof BackupError) return { name, problem: error.message };
      throw error;
    }
  }

  /** Names of complete backups and of what interrupted ones left, oldest first. */
  async #names(): Promise<{ complete: string[]; unfinished: string[] }> {
    const keys = await Array.fromAsync(this.#storage.keys());
    const all = new Set(keys.map(nameOf).filter((name) => partsOfName(name) !== undefined));
    const present = new Set(keys);
    const [complete, unfinished]: [string[], string[]] = [[], []];
    for (const name of [...all].toSorted()) (present.has(`${name}.json`) ? complete : unfinished).push(name);
    return { complete, unfinished };
  }

  /** Names of complete backups of an installation, oldest first. */
  async namesOf(installation: string): Promise<string[]> {
    const { complete } = await this.#names();
    return complete.filter((name) => partsOfName(name)?.installation === installation);
  }

  /** @param name of a backup, or `latest` @throws BackupError if there is no such complete backup */
  async find(name: string): Promise<BackupSummary> {
    const { complete, unfinished } = await this.#names();
    if (name === 'latest') {
      const newest = complete.at(-1);
      if (newest === undefined) throw new BackupError('there is no complete backup in this place');
      return this.summary(newest);
    }
    if (complete.includes(name)) return this.summary(name);
    throw new BackupError(
      unfinished.includes(name)
        ? `the backup ${name} is incomplete: it was interrupted, or is still being made`
        : `there is no backup ${name} in this place: list them with "chela backup list"`,
    );
  }

  async summary(name: string): Promise<BackupSummary> {
    const key = `${name}.json`;
    try {
      const sizeBytes = (await this.#storage.size(key)) ?? 0;
      if (sizeBytes > summaryLimitBytes) throw new Error(`${key} is too large`);
      const summary: unknown = JSON.parse(await text(await this.#storage.read(key)));
      if (!isSummary(summary)) throw new Error('it does not describe a backup');
      if (summary.name !== name) throw new Error(`it names ${summary.name}`);
      return summary;
    } catch (error) {
      throw unreadable(key, error);
    }
  }

  /** Removes a backup. If it is interrupted, what stays is taken for an interrupted backup. */
  async remove(name: string): Promise<void> {
    await this.#storage.remove(`${name}.json`);
    for await (const key of this.#storage.keys())
      if (key.startsWith(`${name}.`)) await this.#storage.remove(key);
  }

  /** Removes what backups of an installation left that were interrupted, if they were begun before a time. */
  async removeUnfinished(installation: string, before: Date): Promise<void> {
    const { unfinished } = await this.#names();
    for (const name of unfinished) {
      const parts = partsOfName(name);
      if (parts?.installation === installation && parts.begunAt < before) await this.remove(name);
    }
    await this.#storage.removeUnfinished(before);
  }
}

function isSummary(value: unknown): value is BackupSummary {
  const found = value as Partial<BackupSummary> | null;
  return (
    typeof found?.name === 'string' &&
    typeof found.madeAt === 'string' &&
    typeof found.version === 'string' &&
    typeof found.isEncrypted === 'boolean' &&
    Number.isSafeInteger(found.parts) &&
    Number.isSafeInteger(found.sizeBytes)
  );
}

function unreadable(key: string, error: unknown): BackupError {
  return new BackupError(`the file ${key} of the backup cannot be read: ${(error as Error).message}`, {
    cause: error,
  });
}

/** @param onError gets what the content throws */
async function* noticing(
  content: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array, undefined> {
  try {
    yield* content;
  } catch (error) {
    onError(error);
    throw error;
  }
}

/** Cuts a stream into parts of the same size; the last one may be shorter. */
class PartCutter {
  isAtEnd = false;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #partBytes: number;
  #rest: Uint8Array | undefined;

  constructor(pieces: AsyncIterator<Uint8Array>, partSize: number) {
    this.#pieces = pieces;
    this.#partBytes = partSize;
  }

  /** The next part. After it, `isAtEnd` tells whether it was the last one. */
  async *part(): AsyncIterable<Uint8Array> {
    let missing = this.#partBytes;
    while (missing > 0) {
      const piece = this.#rest ?? (await this.#next());
      if (piece === undefined) return;
      this.#rest = piece.length > missing ? piece.subarray(missing) : undefined;
      const taken = piece.subarray(0, missing);
      missing -= taken.length;
      yield taken;
    }
    // So that no empty part follows.
    this.#rest ??= await this.#next();
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#pieces.next();
    if (done !== true) return value;
    this.isAtEnd = true;
    return undefined;
  }
}
