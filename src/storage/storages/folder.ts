import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BlobNotFoundError, type Storage } from '../storage.ts';

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Stores blobs as files below a folder. A blob is written to a temporary file, flushed and renamed. */
export class FolderStorage implements Storage {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  #place(key: string): string {
    if (!/^[\w.-]+(\/[\w.-]+)*$/.test(key) || /(^|\/)\.\.?(\/|$)/.test(key)) {
      throw new Error(`not a storage key: ${key}`);
    }
    return path.join(this.#root, key);
  }

  async write(key: string, content: Readable): Promise<number> {
    const place = this.#place(key);
    await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
    const draft = `${place}.${randomUUID()}.draft`;
    try {
      const file = createWriteStream(draft, { flush: true, mode: 0o600 });
      await pipeline(content, file);
      await rename(draft, place);
      return file.bytesWritten;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  async read(key: string): Promise<Readable> {
    try {
      const file = await open(this.#place(key));
      return file.createReadStream();
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
}
