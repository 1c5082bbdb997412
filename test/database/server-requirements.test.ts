import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../src/database/migrations.ts';
import { checkServer, readServerTraits } from '../../src/database/server-requirements.ts';
import { createTestDatabase } from '../support/test-database.ts';

test('the server of the tests meets the requirements', async () => {
  const { url, drop } = await createTestDatabase();
  const client = new Client({ connectionString: url });
  await client.connect();
  const traits = await readServerTraits(client);
  await client.end();
  await drop();
  expect(traits).toEqual({
    version: expect.stringMatching(/^\d+\.\d+/),
    versionNumber: expect.any(Number),
    encoding: 'UTF8',
  });
  expect(() => checkServer(traits)).not.toThrow();
});

const utf8 = { version: '1.2', encoding: 'UTF8' };

test.each([150_000, 190_000])('a server of version number %i meets the requirements', (versionNumber) => {
  expect(() => checkServer({ ...utf8, versionNumber })).not.toThrow();
});

test.each([140_023, 90_624])('a server of version number %i is refused', (versionNumber) => {
  expect(() => checkServer({ ...utf8, versionNumber })).toThrow(
    'the database server is PostgreSQL 1.2, but Chela needs 15 or newer: upgrade it, or set DATABASE_URL',
  );
});

test('a database with another encoding is refused before anything is created in it', async () => {
  const { url, drop } = await createTestDatabase(
    "template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'",
  );
  onTestFinished(drop);
  await expect(migrate(url)).rejects.toThrow(
    'the encoding of the database is SQL_ASCII, but Chela needs UTF8',
  );
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(async () => client.end());
  const { rows } = await client.query("SELECT FROM pg_tables WHERE schemaname = 'public'");
  expect(rows).toEqual([]);
});
