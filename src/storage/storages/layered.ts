/** Two storages as one, while blobs are moved from the previous to the current one. */
import type { Readable } from 'node:stream';
import {
  BlobNotFoundError,
  type ByteRange,
  type LinkOptions,
  type Storage,
  type WriteOptions,
} from '../storage.ts';

/** Writes to the current storage. Reads what is not there from the previous one. */
export class LayeredStorage implements Storage {
  readonly #current: Storage;
  readonly #previous: Storage;

  constructor(current: Storage, previous: Storage) {
    this.#current = current;
    this.#previous = previous;
  }

  /** Leaves a blob of the previous storage to the move, which would otherwise take it for removed. */
  async write(key: string, content: Readable, options?: WriteOptions): Promise<number> {
    return this.#current.write(key, content, options);
  }

  /** Tries the current storage twice: the blob may be moved between the looks at the two. */
  async read(key: string, range?: ByteRange): Promise<Readable> {
    for (const storage of [this.#current, this.#previous]) {
      try {
        return await storage.read(key, range);
      } catch (error) {
        if (!(error instanceof BlobNotFoundError)) throw error;
      }
    }
    return this.#current.read(key, range);
  }

  async size(key: string): Promise<number | undefined> {
    return (
      (await this.#current.size(key)) ?? (await this.#previous.size(key)) ?? (await this.#current.size(key))
    );
  }

  /** In this order, or a blob that is being moved could stay: a move looks at the previous storage last. */
  async remove(key: string): Promise<void> {
    await this.#previous.remove(key);
    await this.#current.remove(key);
  }

  async *keys(): AsyncIterable<string> {
    const seen = new Set<string>();
    for (const storage of [this.#current, this.#previous]) {
      for await (const key of storage.keys()) {
        if (seen.has(key)) continue;
        seen.add(key);
        yield key;
      }
    }
  }

  /** Only for blobs of the current storage: others may move while the link is valid. */
  async link(key: string, options: LinkOptions): Promise<string | undefined> {
    return (await this.#current.size(key)) === undefined ? undefined : this.#current.link(key, options);
  }

  async check(): Promise<void> {
    await this.#current.check();
    await this.#previous.check();
  }

  async removeUnfinished(before: Date): Promise<void> {
    await this.#current.removeUnfinished(before);
    await this.#previous.removeUnfinished(before);
  }
}
