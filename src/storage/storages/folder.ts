import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../../host/make-folder.ts';
import {
  BlobExistsError,
  BlobNotFoundError,
  checkKey,
  type ByteRange,
  type Storage,
  type WriteOptions,
} from '../storage.ts';

/** Folder of blobs that are being written. No key starts with a dot. */
const draftsFolder = '.drafts';

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A folder that is missing is empty. */
function noFolder(error: unknown): never[] {
  if (isMissing(error)) return [];
  throw error;
}

/** Stores blobs as files below a folder. A blob is written to a temporary file, flushed and renamed. */
export class FolderStorage implements Storage {
  readonly #root: string;
  readonly #named: string;

  /** @param named how an error calls the folder */
  constructor(root: string, named = 'the data folder (CHELA_DATA_DIR)') {
    this.#root = root;
    this.#named = named;
  }

  get #drafts(): string {
    return path.join(this.#root, draftsFolder);
  }

  #place(key: string): string {
    checkKey(key);
    return path.join(this.#root, key);
  }

  async write(key: string, content: Readable, { ifMissing = false }: WriteOptions = {}): Promise<number> {
    const place = this.#place(key);
    const draft = path.join(this.#drafts, randomUUID());
    // It may fail before `pipeline` listens; then `pipeline` reports the error.
    content.on('error', () => undefined);
    try {
      for (const folder of [path.dirname(place), this.#drafts]) await makeFolder(folder, 0o700);
      const file = createWriteStream(draft, { flush: true, mode: 0o600 });
      await pipeline(content, file);
      if (ifMissing) await this.#linkIfMissing(key, draft);
      else await rename(draft, place);
      return file.bytesWritten;
    } catch (error) {
      content.destroy();
      await rm(draft, { force: true });
      throw error;
    }
  }

  /** A link, unlike a rename, never replaces a file. */
  async #linkIfMissing(key: string, draft: string): Promise<void> {
    try {
      await link(draft, this.#place(key));
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new BlobExistsError(key) : error;
    }
    await rm(draft, { force: true });
  }

  async read(key: string, range?: ByteRange): Promise<Readable> {
    try {
      const file = await open(this.#place(key));
      return file.createReadStream(range);
    } catch (error) {
      throw isMissing(error) ? new BlobNotFoundError(key) : error;
    }
  }

  async size(key: string): Promise<number | undefined> {
    try {
      return (await stat(this.#place(key))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#place(key), { force: true });
  }

  async *keys(): AsyncIterable<string> {
    for (const entry of await readdir(this.#root, { recursive: true, withFileTypes: true }).catch(noFolder)) {
      const key = path
        .relative(this.#root, path.join(entry.parentPath, entry.name))
        .split(path.sep)
        .join('/');
      if (entry.isFile() && !key.startsWith(`${draftsFolder}/`)) yield key;
    }
  }

  async link(): Promise<undefined> {
    return undefined;
  }

  async check(): Promise<void> {
    await makeFolder(this.#root, 0o700).catch((error: Error) => {
      throw new Error(`${this.#named} cannot be used: ${error.message}`, { cause: error });
    });
  }

  async removeUnfinished(before: Date): Promise<void> {
    const names = await readdir(this.#drafts).catch(noFolder);
    for (const name of names) {
      const draft = path.join(this.#drafts, name);
      // A draft that is being written changes all the time; one that is gone has become a blob.
      const changed = await stat(draft).then(
        ({ mtime }) => mtime,
        () => undefined,
      );
      if (changed !== undefined && changed < before) await rm(draft, { force: true });
    }
  }
}
