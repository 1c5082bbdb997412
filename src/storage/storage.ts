import type { Readable } from 'node:stream';

/**
 * The contract of blob storage: worker packages, exports, icons. Keys are relative paths of letters, digits, `.`, `_`,
 * `-` and `/`. Writes are atomic; writing to an existing key replaces its blob.
 */
export interface Storage {
  /** Stores a stream of bytes. @returns its size in bytes */
  write(key: string, content: Readable): Promise<number>;
  /** @throws BlobNotFoundError if there is no such blob */
  read(key: string): Promise<Readable>;
  /** Size in bytes; undefined if there is no such blob. */
  size(key: string): Promise<number | undefined>;
  /** Removing a missing blob is not an error. */
  remove(key: string): Promise<void>;
}

export class BlobNotFoundError extends Error {
  override name = 'BlobNotFoundError';

  constructor(key: string) {
    super(`no blob is stored under ${key}`);
  }
}
