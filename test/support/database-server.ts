/** The PostgreSQL server of a test run: an embedded one, or the one that `CHELA_TEST_DATABASE_URL` names. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { untilReachable } from '../../src/database/reachable.ts';

/** Test files running at once have several platforms, each with a connection pool. */
const neededConnections = 200;

export interface DatabaseServer {
  /** Connection URL of an empty database that tests clone theirs from. */
  readonly templateUrl: string;
  readonly stop: () => Promise<void>;
}

async function startEmbedded(): Promise<DatabaseServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-'));
  const server = new EmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    logger: pino({ level: 'error' }),
    // What tests store is deleted after the run.
    parameters: { fsync: 'off', max_connections: '500' },
  });
  await server.start();
  return {
    templateUrl: server.url(),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param url of a database on a server where its user may create databases */
async function useServer(url: string): Promise<DatabaseServer> {
  const template = `chela_test_${randomUUID().replaceAll('-', '')}`;
  const run = async (...statements: string[]): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await untilReachable(url, { limitSeconds: 60 });
  await run(
    `DO $$ BEGIN
       IF current_setting('max_connections')::int < ${neededConnections} THEN
         RAISE 'the tests need max_connections = ${neededConnections} or more';
       END IF;
     END $$`,
    `CREATE DATABASE ${template} TEMPLATE template0 ENCODING 'UTF8'`,
  );
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${template}`;
  return { templateUrl: templateUrl.href, stop: () => run(`DROP DATABASE ${template}`) };
}

export async function startDatabaseServer(): Promise<DatabaseServer> {
  const url = process.env['CHELA_TEST_DATABASE_URL'];
  return url === undefined || url === '' ? startEmbedded() : useServer(url);
}
