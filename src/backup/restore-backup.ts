/** Restores a backup into a database and a storage, and checks whether a backup can be read. */
import { Readable } from 'node:stream';
import { Client } from 'pg';
import { migrate } from '../database/database.ts';
import { checkKey, type Storage } from '../storage/storage.ts';
import { BackupError } from './backup-error.ts';
import type { BackupPlace, BackupSummary } from './backup-place.ts';
import type { BackupSecret } from './backup-secret.ts';
import { unifyTexts } from './catalog.ts';
import { unpack, type ArchiveTotals, type ReadEntry } from './entries.ts';
import { abandon } from './make-backup.ts';
import { DatabaseRestore, restoreSession } from './restore-database.ts';
import { unseal } from './sealed-stream.ts';

interface ReadOptions {
  readonly place: BackupPlace;
  readonly summary: BackupSummary;
  readonly secret: BackupSecret | undefined;
  readonly onProgress?: (totals: Readonly<ArchiveTotals>) => void;
}

export interface RestoreOptions extends ReadOptions {
  readonly databaseUrl: string;
  /** Where the blobs are restored to. */
  readonly storage: Storage;
  /** Delete what the database has. */
  readonly replace: boolean;
}

/** Takes the entries of an archive. */
interface Taker {
  readonly database: (entry: Extract<ReadEntry['description'], { kind: 'database' }>) => Promise<void>;
  /** @returns the number of rows */
  readonly table: (
    entry: Extract<ReadEntry['description'], { kind: 'table' }>,
    content: AsyncIterable<Buffer>,
  ) => Promise<number>;
  readonly sequences: (entry: Extract<ReadEntry['description'], { kind: 'sequences' }>) => Promise<void>;
  /** @returns its size */
  readonly blob: (key: string, content: AsyncIterable<Buffer>) => Promise<number>;
}

/** @throws BackupError unless the archive has exactly what it says at its end */
async function readArchive(
  { place, summary, secret, onProgress }: ReadOptions,
  taker: Taker,
): Promise<ArchiveTotals> {
  const totals: ArchiveTotals = { tables: 0, rows: 0, blobs: 0, blobBytes: 0 };
  for await (const { description, content } of unpack(unseal(place.read(summary), secret))) {
    switch (description.kind) {
      case 'database':
        await taker.database(description);
        break;
      case 'table':
        totals.rows += await taker.table(description, content);
        totals.tables += 1;
        break;
      case 'sequences':
        await taker.sequences(description);
        break;
      case 'blob':
        checkKey(description.key);
        totals.blobBytes += await taker.blob(description.key, content);
        totals.blobs += 1;
        break;
      case 'end':
        for (const name of ['tables', 'rows', 'blobs', 'blobBytes'] as const)
          if (totals[name] !== description.totals[name])
            throw new BackupError(
              `the backup has ${totals[name]} ${name}, but says that it has ${description.totals[name]}`,
            );
        return totals;
      default:
        throw new BackupError(
          'the backup has content that this Chela does not know: install a newer version',
        );
    }
    // What is left of the content, of which an entry without any has its end.
    for await (const piece of content) void piece;
    onProgress?.(totals);
  }
  throw new BackupError('the content of the backup ends too early');
}

/**
 * Reads a backup from its first byte to its last, and restores nothing.
 * @throws BackupError if something is missing or was altered
 */
export async function verifyBackup(options: ReadOptions): Promise<ArchiveTotals> {
  return readArchive(options, {
    database: async () => undefined,
    table: async (_description, content) => rowsIn(content),
    sequences: async () => undefined,
    blob: async (_key, content) => bytesIn(content),
  });
}

/** Each row of COPY's text format is a line; line feeds in values are escaped. */
async function rowsIn(content: AsyncIterable<Buffer>): Promise<number> {
  let rows = 0;
  for await (const piece of content)
    for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, at + 1)) rows += 1;
  return rows;
}

async function bytesIn(content: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const piece of content) bytes += piece.length;
  return bytes;
}

/** @throws BackupError also if the storage is full, or fails in another way */
async function storeBlob(storage: Storage, key: string, content: AsyncIterable<Buffer>): Promise<number> {
  try {
    return await storage.write(key, Readable.from(content, { objectMode: false }));
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`the blob ${key} cannot be stored: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Restores a backup. The database changes only once the whole backup was read and every blob is stored. Then it is migrated
 * to the version of this Chela.
 * @throws BackupError
 */
export async function restoreBackup(options: RestoreOptions): Promise<ArchiveTotals> {
  const { databaseUrl, storage, replace } = options;
  const client = new Client({ connectionString: databaseUrl, application_name: restoreSession });
  client.on('error', () => undefined);
  await client.connect();
  let isDone = false;
  try {
    await unifyTexts(client);
    await client.query('BEGIN');
    const database = new DatabaseRestore(client);
    await database.prepare(replace);
    const totals = await readArchive(options, {
      database: async ({ shape }) => database.create(shape),
      table: async ({ table }, content) => database.copy(table, content),
      sequences: async ({ sequences }) => {
        await database.setSequences(sequences);
        await database.finish();
      },
      blob: async (key, content) => storeBlob(storage, key, content),
    });
    await client.query('COMMIT');
    await client.query('ANALYZE');
    isDone = true;
    await client.end();
    await migrate(databaseUrl);
    return totals;
  } finally {
    if (!isDone) abandon(client);
  }
}
