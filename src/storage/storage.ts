import type { Readable } from 'node:stream';

/**
 * Where blobs live: worker packages, exports, archived logs. Keys are relative paths of letters, digits, `.`, `_`, `-`
 * and `/`. A blob appears whole or not at all; writing an existing key replaces it.
 */
export interface Storage {
  /** Stores a stream of bytes. @returns its size in bytes */
  write(key: string, content: Readable): Promise<number>;
  /** @throws BlobNotFoundError if the key holds nothing */
  read(key: string): Promise<Readable>;
  /** Size in bytes, or undefined if the key holds nothing. */
  size(key: string): Promise<number | undefined>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
}

export class BlobNotFoundError extends Error {
  override name = 'BlobNotFoundError';

  constructor(key: string) {
    super(`no blob is stored under ${key}`);
  }
}
