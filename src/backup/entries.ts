/**
 * The inner layer of an archive: entries with a description in JSON and content of any size. It is compressed with gzip.
 *
 *   entry        length of the description (4 bytes), description, content
 *   content      length of a piece (4 bytes), piece; ends with a piece of length 0
 */
import { pipeline } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { BackupError } from './backup-error.ts';
import { ByteReader } from './byte-reader.ts';

/** What the database has beside the rows of its tables, at the time of the backup. */
export interface DatabaseShape {
  /** Names of its migrations, in order. */
  readonly migrations: readonly string[];
  /** The statements with which pg-boss creates its tables; null if the database has none. */
  readonly jobTables: string | null;
  /** Partitions, each with the table that it belongs to and its bounds as PostgreSQL writes them. */
  readonly partitions: readonly { readonly name: string; readonly of: string; readonly bounds: string }[];
}

/** A table. Names of tables of Chela are alone, those of others have their schema before them. */
export interface TableShape {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  /** As text, because a sequence can go beyond 2^53. */
  readonly value: string;
  readonly isCalled: boolean;
}

/** How much an archive contains. */
export interface ArchiveTotals {
  tables: number;
  rows: number;
  blobs: number;
  blobBytes: number;
}

export type EntryDescription =
  | {
      readonly kind: 'database';
      readonly version: string;
      readonly madeAt: string;
      readonly shape: DatabaseShape;
    }
  /** Content: the rows in the text format of COPY. */
  | { readonly kind: 'table'; readonly table: TableShape }
  | { readonly kind: 'sequences'; readonly sequences: readonly SequenceState[] }
  | { readonly kind: 'blob'; readonly key: string }
  /** The last entry. */
  | { readonly kind: 'end'; readonly totals: ArchiveTotals };

/** An entry to write. */
export interface Entry {
  readonly description: EntryDescription;
  readonly content?: AsyncIterable<Uint8Array>;
}

export interface ReadEntry {
  readonly description: EntryDescription;
  readonly content: AsyncIterable<Buffer>;
}

const compressionLevel = 3;
const descriptionLimitBytes = 64 * 1024 * 1024;
const pieceLimitBytes = 1024 * 1024;
const bufferBytes = 256 * 1024;

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

async function* framed(entries: AsyncIterable<Entry>): AsyncIterable<Uint8Array> {
  for await (const { description, content } of entries) {
    const json = Buffer.from(JSON.stringify(description));
    yield Buffer.concat([lengthOf(json.length), json]);
    for await (const piece of content ?? []) {
      for (let start = 0; start < piece.length; start += pieceLimitBytes) {
        const part = piece.subarray(start, start + pieceLimitBytes);
        yield lengthOf(part.length);
        yield part;
      }
    }
    yield lengthOf(0);
  }
}

/** Small pieces, such as those of COPY, together. */
async function* buffered(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let [waiting, sizeBytes]: [Uint8Array[], number] = [[], 0];
  for await (const piece of pieces) {
    waiting.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes < bufferBytes) continue;
    yield Buffer.concat(waiting);
    [waiting, sizeBytes] = [[], 0];
  }
  yield Buffer.concat(waiting);
}

/** The compressed bytes of entries. */
export function pack(entries: AsyncIterable<Entry>): AsyncIterable<Uint8Array> {
  const gzip = createGzip({ level: compressionLevel, chunkSize: bufferBytes });
  // An error of any part ends the others, and whoever reads the compressed bytes gets it.
  return pipeline(buffered(framed(entries)), gzip, () => undefined);
}

/**
 * The entries of compressed bytes. The content of an entry must be read to its end before the next entry.
 * @throws BackupError if they do not have the form of entries, or do not end with the last one
 */
export async function* unpack(compressed: AsyncIterable<Uint8Array>): AsyncIterable<ReadEntry> {
  const gunzip = createGunzip({ chunkSize: bufferBytes });
  const reader = new ByteReader(pipeline(compressed, gunzip, () => undefined));
  try {
    for (;;) {
      const sizeBytes = await lengthFrom(reader, descriptionLimitBytes);
      const json = await exactly(reader, sizeBytes);
      const description = JSON.parse(json.toString()) as EntryDescription;
      if (description.kind !== 'end') {
        yield { description, content: contentFrom(reader) };
        continue;
      }
      // Only now is it certain that nothing was cut off or added.
      await exactly(reader, 4);
      if ((await reader.upTo(1)).length > 0)
        throw new BackupError('the content of the backup goes on after its end');
      yield { description, content: noContent() };
      return;
    }
  } finally {
    await reader.close();
  }
}

async function* noContent(): AsyncIterable<Buffer> {}

async function* contentFrom(reader: ByteReader): AsyncIterable<Buffer> {
  for (;;) {
    const sizeBytes = await lengthFrom(reader, pieceLimitBytes);
    if (sizeBytes === 0) return;
    yield await exactly(reader, sizeBytes);
  }
}

async function lengthFrom(reader: ByteReader, limit: number): Promise<number> {
  const sizeBytes = (await exactly(reader, 4)).readUInt32BE();
  if (sizeBytes > limit) throw new BackupError('the content of the backup is not readable');
  return sizeBytes;
}

async function exactly(reader: ByteReader, sizeBytes: number): Promise<Buffer> {
  const bytes = await reader.upTo(sizeBytes);
  if (bytes.length < sizeBytes) throw new BackupError('the content of the backup ends too early');
  return bytes;
}
