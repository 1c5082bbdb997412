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
 * A migrated database for one test file. `drop` fails if a connection leaked.
 * @param template `template0` for an empty one
 */
export async function createTestDatabase(
  template: string = new URL(inject('templateUrl')).pathname.slice(1),
): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  // Copies files instead of writing every page to the log.
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
  return { url: urlOf(name), drop: () => administer(`DROP DATABASE ${name}`) };
}
