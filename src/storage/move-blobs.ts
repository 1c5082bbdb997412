/** Moves blobs from one storage to another, while both are in use as a `LayeredStorage`. */
import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { BlobExistsError, BlobNotFoundError, type Storage } from './storage.ts';

export interface MoveCounts {
  blobs: number;
  bytes: number;
}

/** What is stored in the target differs from the original, which is kept. */
class CopyDiffersError extends Error {
  override name = 'CopyDiffersError';
  readonly key: string;

  constructor(key: string) {
    super(`the copy of ${key} differs from the original, which is kept in the previous storage`);
    this.key = key;
  }
}

async function* hashed(content: Readable, hash: Hash): AsyncIterable<Uint8Array> {
  for await (const piece of content as AsyncIterable<Uint8Array>) {
    hash.update(piece);
    yield piece;
  }
}

async function digestOf(content: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of content as AsyncIterable<Uint8Array>) hash.update(piece);
  return hash.digest('hex');
}

/**
 * Copies a blob, reads the copy back and compares it, then removes the original. Only one process may do so at a time: it
 * takes a missing original for one that was removed on purpose.
 * @returns its size; undefined if the target had the same blob
 * @throws CopyDiffersError, or BlobNotFoundError if it was removed meanwhile
 */
async function moveBlob(key: string, from: Storage, to: Storage): Promise<number | undefined> {
  const hash = createHash('sha256');
  let sizeBytes: number | undefined;
  try {
    const content = Readable.from(hashed(await from.read(key), hash), { objectMode: false });
    sizeBytes = await to.write(key, content, { ifMissing: true });
  } catch (error) {
    if (!(error instanceof BlobExistsError)) throw error;
    // Written by the platform since, or by a move that was ended before it removed the original.
  }
  const wanted = sizeBytes === undefined ? await digestOf(await from.read(key)) : hash.digest('hex');
  if ((await digestOf(await to.read(key))) !== wanted) {
    // A copy that this move made must not hide the original from readers.
    if (sizeBytes !== undefined) await to.remove(key);
    throw new CopyDiffersError(key);
  }
  // Removed while it was copied: the copy must not come back.
  if (sizeBytes !== undefined && (await from.size(key)) === undefined) await to.remove(key);
  else await from.remove(key);
  return sizeBytes;
}

/**
 * @param onMoved called after each blob with the counts so far
 * @throws Error if a copy differs from its original, or if a storage fails. What was moved before stays moved; moving again goes on.
 */
export async function moveBlobs(
  from: Storage,
  to: Storage,
  onMoved: (counts: MoveCounts) => void = () => undefined,
): Promise<MoveCounts> {
  const counts = { blobs: 0, bytes: 0 };
  for await (const key of from.keys()) {
    const sizeBytes = await moveBlob(key, from, to).catch(async (error: unknown) => {
      const isRemoved = error instanceof BlobNotFoundError && (await from.size(key)) === undefined;
      if (!isRemoved) throw error;
    });
    if (sizeBytes === undefined) continue;
    counts.blobs += 1;
    counts.bytes += sizeBytes;
    onMoved(counts);
  }
  return counts;
}
