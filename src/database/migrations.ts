/** Migrates a database: numbered, frozen `.sql` files, each applied once in its own transaction. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, type ClientBase } from 'pg';
import { checkServer, readServerTraits } from './server-requirements.ts';

const folder = path.join(import.meta.dirname, 'migrations');
/** An arbitrary key of our own, so that processes that start at the same time migrate one after the other. */
const advisoryLock = 7_306_128;

/** Names of the migrations of this Chela, in order. */
export async function migrationNames(): Promise<string[]> {
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

/** Until the end of the session, no process migrates the database. */
export async function withholdMigrations(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_lock_shared($1)', [advisoryLock]);
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

/** Applies one migration. @param client in a transaction */
export async function applyMigration(client: ClientBase, name: string): Promise<void> {
  await client.query(await readFile(path.join(folder, name), 'utf8'));
  await client.query('INSERT INTO migration (name) VALUES ($1)', [name]);
}

/**
 * @param url of the database
 * @returns names of the files applied now, in order
 * @throws Error if the server is not supported, or the database was migrated by a newer version
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url, application_name: 'chela migrate' });
  await client.connect();
  try {
    checkServer(await readServerTraits(client));
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    await createMigrationTable(client);
    const files = await migrationNames();
    const applied = await appliedMigrations(client);
    const unknown = applied.find((name) => !files.includes(name));
    if (unknown !== undefined) {
      throw new Error(`the database has migration ${unknown} of a newer Chela: install a newer version`);
    }
    const missing = files.filter((name) => !applied.includes(name));
    for (const name of missing) {
      await client.query('BEGIN');
      await applyMigration(client, name);
      await client.query('COMMIT');
    }
    return missing;
  } finally {
    await client.end();
  }
}
