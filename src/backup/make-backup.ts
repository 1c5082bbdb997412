/**
 * Makes a backup of a database and its blobs while the platform uses both. The rows are those of one snapshot. The blobs
 * are copied after it; until then none is removed, so every blob that a row names is in the backup.
 */
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import {
  allowMigrations,
  appliedMigrations,
  endHold,
  migrationNames,
  startHold,
  withholdMigrations,
} from '../database/database.ts';
import { BlobNotFoundError, type Storage } from '../storage/storage.ts';
import { version } from '../version.ts';
import { backupName, type BackupPlace, type BackupSummary } from './backup-place.ts';
import { BackupError, BackupInProgressError } from './backup-error.ts';
import type { BackupSecret } from './backup-secret.ts';
import {
  jobTablesVersion,
  qualified,
  readPartitions,
  readSequences,
  readTables,
  unifyTexts,
} from './catalog.ts';
import { pack, type ArchiveTotals, type DatabaseShape, type Entry, type TableShape } from './entries.ts';
import { jobTableStatements, jobTableVersion } from './job-tables.ts';
import { seal } from './sealed-stream.ts';

export interface BackupOptions {
  readonly databaseUrl: string;
  /** The blobs of the platform. */
  readonly storage: Storage;
  readonly place: BackupPlace;
  /** Encrypts the backup; undefined for one that is not encrypted. */
  readonly secret: BackupSecret | undefined;
  /** Called after each table and each blob. */
  readonly onProgress?: (totals: Readonly<ArchiveTotals>) => void;
  /** Ends the backup, which then leaves nothing. */
  readonly signal?: AbortSignal;
}

export interface MadeBackup {
  readonly summary: BackupSummary;
  readonly totals: ArchiveTotals;
}

/** @throws BackupError, also if another process makes a backup or moves blobs */
export async function makeBackup(options: BackupOptions): Promise<MadeBackup> {
  const { databaseUrl, place, secret, signal } = options;
  const client = new Client({ connectionString: databaseUrl, application_name: 'chela backup' });
  const connection = new WatchedConnection(client);
  await client.connect();
  let isDone = false;
  try {
    await lockOthersOut(client);
    await place.check();
    const now = new Date();
    const { rows } = await client.query<{ secret: Buffer }>(
      'SELECT signing_secret AS secret FROM installation',
    );
    const [installation] = rows;
    if (installation === undefined)
      throw new BackupError('this database has never been used: start the platform first');
    const totals: ArchiveTotals = { tables: 0, rows: 0, blobs: 0, blobBytes: 0 };
    const entries = checked(archiveEntries(client, options, now, totals), connection, signal);
    const summary = await place.write(seal(pack(entries), secret), {
      name: backupName(now, installation.secret),
      madeAt: now.toISOString(),
      version,
      isEncrypted: secret !== undefined,
    });
    isDone = true;
    return { summary, totals };
  } finally {
    // The locks end with the connection.
    if (isDone) await client.end();
    else abandon(client);
  }
}

/** Closes a connection that may still be sending rows, for which `end` would wait. */
export function abandon(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** One backup at a time, and none while blobs move, because it could look for each where it is not. */
async function lockOthersOut(client: Client): Promise<void> {
  if (!(await tryLock(client, 'chela backup')))
    throw new BackupInProgressError('another process makes a backup of this database');
  if (!(await tryLock(client, 'chela storage move')))
    throw new BackupError('blobs are being moved: make the backup once "chela storage move" has ended');
}

async function tryLock(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_lock(hashtext($1)) AS locked',
    [name],
  );
  return rows[0]?.locked === true;
}

/** Notices that a connection is lost. */
class WatchedConnection {
  #error: Error | undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(client: Client) {
    client.on('error', (error) => {
      this.#error = error;
      this.#fail(error);
    });
  }

  /** @returns the result of the work; rejects once the connection is lost */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    // A race with one promise for the whole backup would keep every result in memory until its end.
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#fail = reject;
    if (this.#error !== undefined) reject(this.#error);
    work.then(resolve, reject);
    return promise;
  }
}

/** Ends the entries with an error once the connection is lost, and with it the locks, or the backup is to end. */
async function* checked(
  entries: AsyncIterable<Entry>,
  connection: WatchedConnection,
  signal: AbortSignal | undefined,
): AsyncIterable<Entry> {
  const iterator = entries[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await connection.during(iterator.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function* archiveEntries(
  client: Client,
  { storage, onProgress, signal }: BackupOptions,
  now: Date,
  totals: ArchiveTotals,
): AsyncIterable<Entry> {
  await startHold(client, 'blobs');
  await startHold(client, 'partitions');
  await withholdMigrations(client);
  await unifyTexts(client);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const shape = await readShape(client);
  const tables = await readTables(client);
  yield { description: { kind: 'database', version, madeAt: now.toISOString(), shape } };
  for (const table of tables) {
    const rows = client.query(copyTo(copyStatement(table)));
    yield { description: { kind: 'table', table }, content: untilAborted(rows, signal) };
    totals.tables += 1;
    totals.rows += rows.rowCount;
    onProgress?.(totals);
  }
  yield { description: { kind: 'sequences', sequences: await readSequences(client) } };
  await client.query('COMMIT');
  await endHold(client, 'partitions');
  await allowMigrations(client);
  yield* blobEntries(client, storage, totals, { onProgress, signal });
  yield { description: { kind: 'end', totals } };
}

async function* untilAborted(
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  for await (const piece of content) {
    signal?.throwIfAborted();
    yield piece;
  }
}

async function readShape(client: Client): Promise<DatabaseShape> {
  const [known, migrations] = [await migrationNames(), await appliedMigrations(client)];
  const unknown = migrations.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new BackupError(
      `the database has migration ${unknown} of a newer Chela: make the backup with the version that uses the database`,
    );
  }
  const jobVersion = await jobTablesVersion(client);
  if (jobVersion !== undefined && jobVersion !== jobTableVersion()) {
    throw new BackupError(
      `the job queue in the database is of version ${jobVersion}, but this Chela has version ${jobTableVersion()}: make the backup with the version that uses the database`,
    );
  }
  return {
    migrations,
    jobTables: jobVersion === undefined ? null : jobTableStatements(),
    partitions: await readPartitions(client),
  };
}

function copyStatement(table: TableShape): string {
  const columns = table.columns.map((column) => `"${column}"`).join(', ');
  // As a query, because COPY of a partitioned table copies nothing.
  return `COPY (SELECT ${columns} FROM ${qualified(table)}) TO STDOUT`;
}

async function* blobEntries(
  client: Client,
  storage: Storage,
  totals: ArchiveTotals,
  { onProgress, signal }: Pick<BackupOptions, 'onProgress' | 'signal'>,
): AsyncIterable<Entry> {
  for await (const key of storage.keys()) {
    // Fails if the connection, which holds the removal of blobs back, is lost.
    await client.query('SELECT');
    const content = await storage.read(key).catch((error: unknown) => {
      // No row of the snapshot names it, or it would not have been removed.
      if (error instanceof BlobNotFoundError) return undefined;
      throw error;
    });
    if (content === undefined) continue;
    let sizeBytes = 0;
    async function* counted(): AsyncIterable<Uint8Array> {
      for await (const piece of content as AsyncIterable<Uint8Array>) {
        signal?.throwIfAborted();
        sizeBytes += piece.length;
        yield piece;
      }
    }
    try {
      yield { description: { kind: 'blob', key }, content: counted() };
    } finally {
      // It was not read if the backup has failed meanwhile.
      content.destroy();
    }
    totals.blobs += 1;
    totals.blobBytes += sizeBytes;
    onProgress?.(totals);
  }
}
