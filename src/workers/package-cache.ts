/**
 * Unpacked packages, by content hash: a cache in front of storage. A package appears whole or not at all, and is never
 * changed afterwards, so every run of it may share it.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Storage } from '../storage/storage.ts';
import type { PackageReader } from './package-reader.ts';

/** Other users' sandboxes read what lies here, so the folders on the way are open to be entered. */
const sharedFolderMode = 0o755;

function storageKey(hash: string): string {
  return `packages/${hash.slice(0, 2)}/${hash}.zip`;
}

export class PackageCache {
  readonly #storage: Storage;
  readonly #dir: string;
  readonly #reader: PackageReader;
  readonly #underWay = new Map<string, Promise<string>>();

  constructor(storage: Storage, cacheDir: string, reader: PackageReader) {
    this.#storage = storage;
    this.#dir = path.join(cacheDir, 'packages');
    this.#reader = reader;
  }

  /** An empty place below the cache for a draft; its owner removes it. */
  async draftDir(): Promise<string> {
    const draft = path.join(this.#dir, `draft-${randomUUID()}`);
    await mkdir(draft, { recursive: true, mode: sharedFolderMode });
    return draft;
  }

  /** Stores a package: the zip in storage, the folder it was unpacked into in the cache (it is moved there). */
  async add(hash: string, zipFile: string, unpackedDir: string): Promise<void> {
    if ((await this.#storage.size(storageKey(hash))) === undefined) {
      await this.#storage.write(storageKey(hash), createReadStream(zipFile));
    }
    await this.#place(hash, unpackedDir);
  }

  /** @returns the folder of the unpacked package, fetched from storage where it is not in the cache */
  async unpacked(hash: string): Promise<string> {
    const place = path.join(this.#dir, hash);
    if (await exists(place)) {
      const now = new Date();
      await utimes(place, now, now);
      return place;
    }
    let fetching = this.#underWay.get(hash);
    if (fetching === undefined) {
      fetching = this.#fetch(hash).finally(() => this.#underWay.delete(hash));
      this.#underWay.set(hash, fetching);
    }
    return fetching;
  }

  async #fetch(hash: string): Promise<string> {
    const draft = await this.draftDir();
    try {
      const zipFile = path.join(draft, 'package.zip');
      await pipeline(await this.#storage.read(storageKey(hash)), createWriteStream(zipFile));
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
      // Somebody else placed the same package first.
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
