/** Migrates a database: numbered, frozen `.sql` files, each applied once, nearly all in a transaction of their own. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientBase } from 'pg';
import { checkServer, readServerTraits } from './server-requirements.ts';
import { UnfitDatabaseError } from './unfit-database-error.ts';
import { statementsOf } from './sql-statements.ts';

const ownFolder = path.join(import.meta.dirname, 'migrations');
/** An arbitrary key of our own, so that processes that start at the same time migrate one after the other. */
const advisoryLock = 7_306_128;
const lockMilliseconds = 200;

/** Names of the migrations of this Chela, in order. */
export async function migrationNames(folder: string = ownFolder): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
}

/** @returns names of the migrations that the database has, in order; none if it has never been migrated */
export async function appliedMigrations(client: ClientBase): Promise<string[]> {
  const { rows: tables } = await client.query<{ found: boolean }>(
    `SELECT to_regclass('migration') IS NOT NULL AS found`,
  );
  if (tables[0]?.found !== true) return [];
  const { rows } = await client.query<{ name: string }>('SELECT name FROM migration ORDER BY name');
  return rows.map(({ name }) => name);
}

/** Until `allowMigrations` or the end of the session, no process migrates the database. */
export async function withholdMigrations(client: ClientBase): Promise<void> {
  await lock(client, 'pg_try_advisory_lock_shared');
}

/**
 * Asks again and again, because a statement that waits for a lock has a snapshot, for whose end CREATE INDEX CONCURRENTLY
 * of the process with the lock would wait.
 */
async function lock(
  client: ClientBase,
  attempt: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared',
): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(`SELECT ${attempt}($1) AS locked`, [
      advisoryLock,
    ]);
    if (rows[0]?.locked === true) return;
    await delay(lockMilliseconds);
  }
}

export async function allowMigrations(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_unlock_shared($1)', [advisoryLock]);
}

/** Creates the table that notes which migrations were applied. */
export async function createMigrationTable(client: ClientBase): Promise<void> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
}

/** First line of a migration whose statements run one by one, because PostgreSQL does not allow them in a transaction. */
const outsideTransaction = '-- outside a transaction';

export async function readMigration(name: string, folder: string = ownFolder): Promise<string> {
  return readFile(path.join(folder, name), 'utf8');
}

/** Applies one migration to empty tables, which takes no time. @param client in a transaction */
export async function applyToEmptyTables(client: ClientBase, name: string): Promise<void> {
  const sql = await readMigration(name);
  await client.query(sql.startsWith(outsideTransaction) ? sql.replaceAll(/\bCONCURRENTLY\b/g, '') : sql);
  await noteMigration(client, name);
}

async function noteMigration(client: ClientBase, name: string): Promise<void> {
  await client.query('INSERT INTO migration (name) VALUES ($1)', [name]);
}

/**
 * Applies one migration. One that runs outside a transaction is repeated from its first statement if it was interrupted, so
 * its statements can be repeated: DROP INDEX CONCURRENTLY IF EXISTS comes before CREATE INDEX CONCURRENTLY.
 */
async function applyMigration(client: ClientBase, folder: string, name: string): Promise<void> {
  const sql = await readMigration(name, folder);
  if (sql.startsWith(outsideTransaction)) {
    for (const statement of statementsOf(sql)) await client.query(statement);
    return noteMigration(client, name);
  }
  await client.query('BEGIN');
  await client.query(sql);
  await noteMigration(client, name);
  await client.query('COMMIT');
}

/** @throws UnfitDatabaseError if the database was migrated by a newer version */
async function missingMigrations(client: ClientBase, folder: string): Promise<string[]> {
  const files = await migrationNames(folder);
  const applied = await appliedMigrations(client);
  const unknown = applied.find((name) => !files.includes(name));
  if (unknown !== undefined) {
    throw new UnfitDatabaseError(
      `the database has migration ${unknown} of a newer Chela: install a newer version`,
    );
  }
  return files.filter((name) => !applied.includes(name));
}

/**
 * @param url of the database
 * @param folder of the migrations
 * @returns names of the files applied now, in order
 * @throws UnfitDatabaseError if the server is not supported, or the database was migrated by a newer version
 */
export async function migrate(url: string, folder: string = ownFolder): Promise<string[]> {
  const client = new Client({ connectionString: url, application_name: 'chela migrate' });
  // A connection that is lost rejects the statement, and would end the process by this event.
  client.on('error', () => undefined);
  await client.connect();
  try {
    checkServer(await readServerTraits(client));
    // Without the lock, so that a restart does not wait for a backup.
    if ((await missingMigrations(client, folder)).length === 0) return [];
    await lock(client, 'pg_try_advisory_lock');
    await createMigrationTable(client);
    const missing = await missingMigrations(client, folder);
    for (const name of missing) await applyMigration(client, folder, name);
    return missing;
  } finally {
    await client.end();
  }
}
