/**
 * A cache of unpacked packages, by content hash, in front of storage. A package is added atomically and never changed,
 * so all its runs can share it.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ChelaError } from '../errors.ts';
import type { Storage } from '../storage/storage.ts';
import type { PackageReader } from './package-reader.ts';
import { packageKey, type WorkerBlobs } from './worker-blobs.ts';

/** Sandboxes that run as other users read packages here, so they must be able to enter the folders. */
const sharedFolderMode = 0o755;

export class PackageCache {
  readonly #storage: Storage;
  readonly #blobs: WorkerBlobs;
  readonly #dir: string;
  readonly #reader: PackageReader;
  readonly #fetches = new Map<string, Promise<string>>();

  constructor(storage: Storage, blobs: WorkerBlobs, cacheDir: string, reader: PackageReader) {
    this.#storage = storage;
    this.#blobs = blobs;
    this.#dir = path.join(cacheDir, 'packages');
    this.#reader = reader;
  }

  /** Creates an empty folder in the cache to unpack a package into. The caller removes it. */
  async draftDir(): Promise<string> {
    const draft = path.join(this.#dir, `draft-${randomUUID()}`);
    await mkdir(draft, { recursive: true, mode: sharedFolderMode });
    return draft;
  }

  /** Stores a package: copies the zip to storage and moves the unpacked folder into the cache. */
  async add(hash: string, zipFile: string, unpackedDir: string): Promise<void> {
    const key = packageKey(hash);
    await this.#blobs.claim(key);
    if ((await this.#storage.size(key)) === undefined) {
      await this.#storage.write(key, createReadStream(zipFile));
    }
    await this.#place(hash, unpackedDir);
  }

  /** The zip of a package as it was uploaded. @throws ChelaError NOT_FOUND if storage has lost it */
  async zip(hash: string): Promise<{ sizeBytes: number; content: Readable }> {
    const sizeBytes = await this.#storage.size(packageKey(hash));
    if (sizeBytes === undefined) throw new ChelaError('NOT_FOUND', 'the package of this version is missing');
    return { sizeBytes, content: await this.#storage.read(packageKey(hash)) };
  }

  /** @returns the folder of the unpacked package, which is fetched from storage if it is not in the cache */
  async unpacked(hash: string): Promise<string> {
    const place = path.join(this.#dir, hash);
    if (await exists(place)) {
      const now = new Date();
      await utimes(place, now, now);
      return place;
    }
    let fetch = this.#fetches.get(hash);
    if (fetch === undefined) {
      fetch = this.#fetch(hash).finally(() => this.#fetches.delete(hash));
      this.#fetches.set(hash, fetch);
    }
    return fetch;
  }

  async #fetch(hash: string): Promise<string> {
    const draft = await this.draftDir();
    try {
      const zipFile = path.join(draft, 'package.zip');
      await pipeline(await this.#storage.read(packageKey(hash)), createWriteStream(zipFile));
      const unpackedDir = path.join(draft, 'unpacked');
      await this.#reader.unpack(zipFile, unpackedDir);
      return await this.#place(hash, unpackedDir);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async #place(hash: string, unpackedDir: string): Promise<string> {
    const place = path.join(this.#dir, hash);
    try {
      await rename(unpackedDir, place);
    } catch (error) {
      // Another caller has added the same package.
      if (!(await exists(place))) throw error;
    }
    return place;
  }
}

async function exists(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}
