import type { Readable } from 'node:stream';

/** Part of a blob: the bytes from `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface WriteOptions {
  /** Refuse to replace a blob. */
  readonly ifMissing?: boolean;
}

export interface LinkOptions {
  readonly lifetimeSeconds: number;
  readonly mediaType: string;
  /** Content-Disposition of the download. */
  readonly disposition: string;
}

/**
 * The contract of blob storage: worker packages, exports, icons, files of runs. Keys are relative paths of letters,
 * digits, `.`, `_`, `-` and `/`. Writes are atomic; writing to an existing key replaces its blob.
 */
export interface Storage {
  /**
   * Stores a stream of bytes. If the stream fails, nothing is stored.
   * @returns its size in bytes
   * @throws BlobExistsError if the key is taken and `options.ifMissing` is set
   */
  write(key: string, content: Readable, options?: WriteOptions): Promise<number>;
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
  /** The key of every blob, in no order. Blobs that are written or removed meanwhile may be missing. */
  keys(): AsyncIterable<string>;
  /** A link with which anyone can download the blob directly; undefined if this storage has no such links, or none are wanted. */
  link(key: string, options: LinkOptions): Promise<string | undefined>;
  /** @throws Error that tells the operator why the storage cannot be used */
  check(): Promise<void>;
  /** Removes what writes left behind whose process was killed, if they were last active before this time. */
  removeUnfinished(before: Date): Promise<void>;
}

export class BlobNotFoundError extends Error {
  override name = 'BlobNotFoundError';

  constructor(key: string) {
    super(`no blob is stored under ${key}`);
  }
}

export class BlobExistsError extends Error {
  override name = 'BlobExistsError';

  constructor(key: string) {
    super(`a blob is already stored under ${key}`);
  }
}

/** @throws Error if the text is not a key */
export function checkKey(key: string): void {
  if (!/^\w[\w.-]*(\/[\w.-]+)*$/.test(key) || /(^|\/)\.\.?(\/|$)/.test(key)) {
    throw new Error(`not a storage key: ${key}`);
  }
}
