/** Migrates a database: numbered, frozen `.sql` files, each applied once in its own transaction. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { checkServer, readServerTraits } from './server-requirements.ts';

const folder = path.join(import.meta.dirname, 'migrations');
/** An arbitrary key of our own, so that processes that start at the same time migrate one after the other. */
const advisoryLock = 7_306_128;

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
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
    const { rows } = await client.query<{ name: string }>('SELECT name FROM migration ORDER BY name');
    const applied = new Set(rows.map((row) => row.name));
    const unknown = rows.find((row) => !files.includes(row.name));
    if (unknown !== undefined) {
      throw new Error(`the database has migration ${unknown.name} of a newer Chela: install a newer version`);
    }
    const missing = files.filter((name) => !applied.has(name));
    for (const name of missing) {
      await client.query('BEGIN');
      await client.query(await readFile(path.join(folder, name), 'utf8'));
      await client.query('INSERT INTO migration (name) VALUES ($1)', [name]);
      await client.query('COMMIT');
    }
    return missing;
  } finally {
    await client.end();
  }
}
