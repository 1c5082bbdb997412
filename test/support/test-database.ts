import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

function urlOf(database: string): string {
  const url = new URL(inject('templateUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/**
 * A database of its own for a test file, migrated. `drop` fails where a connection was leaked.
 * @param template `template0` for one with nothing in it
 */
export async function createTestDatabase(
  template: string = new URL(inject('templateUrl')).pathname.slice(1),
): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: urlOf(name), drop: () => administer(`DROP DATABASE ${name}`) };
}
