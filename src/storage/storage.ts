import type { Readable } from 'node:stream';

/** Part of a blob: the bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The contract of blob storage: worker packages, exports, icons, files of runs. Keys are relative paths of letters,
 * digits, `.`, `_`, `-` and `/`. Writes are atomic; writing to an existing key replaces its blob.
 */
export interface Storage {
  /**
   * Stores a stream of bytes. If the stream fails, nothing is stored.
   * @returns its size in bytes
   */
  write(key: string, content: Readable): Promise<number>;
  /**
   * A stream that was opened stays readable to its end, even if the blob is replaced or removed meanwhile.
   * @param range within the size of the blob; the whole blob if omitted
   * @throws BlobNotFoundError if there is no such blob
   */
  read(key: string, range?: ByteRange): Promise<Readable>;
  /** Size in bytes; undefined if there is no such blob. */
  size(key: string): Promise<number | undefined>;
  /** Removing a missing blob is not an error. */
  remove(key: string): Promise<void>;
  /** Removes what writes left behind whose process was killed, if they were last active before this time. */
  removeUnfinished(before: Date): Promise<void>;
}

export class BlobNotFoundError extends Error {
  override name = 'BlobNotFoundError';

  constructor(key: string) {
    super(`no blob is stored under ${key}`);
  }
}
