/** Starts of the platform's processes while PostgreSQL is not up yet, with a separate server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { ChelaProcess } from './support/chela-process.ts';
import { CuttingRelay } from './support/cutting-relay.ts';
import { untilAllEnded, descendantsOf } from './support/processes.ts';

let folder: string;
let server: EmbeddedPostgres;
let databaseUrl: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-wait-'));
  server = newServer();
  await server.start();
  databaseUrl = server.url();
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function newServer(): EmbeddedPostgres {
  return new EmbeddedPostgres({ dataDir: postgresDir(), logger: pino({ level: 'silent' }) });
}

function postgresDir(): string {
  return path.join(folder, 'postgres');
}

/** A platform process that uses the server, ended with the test. */
function start(...argv: string[]): ChelaProcess {
  const chela = new ChelaProcess(argv, {
    CHELA_DATA_DIR: path.join(folder, 'data'),
    DATABASE_URL: databaseUrl,
  });
  onTestFinished(async () => {
    await chela.kill();
  });
  return chela;
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(path.join(postgresDir(), 'postmaster.pid'), 'utf8'), 10);
}

/** Kills the server and all its processes at once, before a stop could write what it has in memory. */
async function crash(): Promise<void> {
  const pid = await postmasterPid();
  const processes = descendantsOf(pid);
  const ended = server.stop();
  process.kill(pid, 'SIGKILL');
  await ended;
  await untilAllEnded(processes, 20_000);
}

async function query(statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

test('an API and a runner wait for a crashed database, and start once it has recovered', async () => {
  // Written to the log but not to its place: recovery has to redo it.
  await query(
    'CREATE TABLE filler AS SELECT repeat(md5(n::text), 20) AS text FROM generate_series(1, 200000) AS n',
  );
  await crash();
  const api = start('api');
  const runner = start('runner');
  const waiting = /chela: waiting for the database: connect (?:ENOENT|ECONNREFUSED) \S+\n/;
  await Promise.all([api.printed(waiting), runner.printed(waiting)]);

  server = newServer();
  await server.start();

  await Promise.all([api.printed(/the API is listening on/), runner.printed(/the runner is ready/)]);
  for (const chela of [api, runner]) expect(chela.output.match(/waiting for the database/g)).toHaveLength(1);
});

test('a server that is not ready yet is waited for', async () => {
  await server.stop();
  // A standby that accepts no queries: it stays in recovery until it is promoted.
  const place = (name: string): string => path.join(postgresDir(), name);
  await writeFile(place('standby.signal'), '');
  server = new EmbeddedPostgres({
    dataDir: postgresDir(),
    logger: pino({ level: 'silent' }),
    parameters: { hot_standby: 'off' },
  });
  const ready = server.start();
  const runner = start('runner');
  await runner.printed(
    /chela: waiting for the database: .*(?:not yet accepting|not accepting|starting up).*\n/,
  );

  await writeFile(place('promote'), '');
  process.kill(await postmasterPid(), 'SIGUSR1');

  await Promise.all([ready, runner.printed(/the runner is ready/)]);
  expect(runner.output.match(/waiting for the database/g)).toHaveLength(1);
});

test.each([
  ['the migration', `SELECT to_regclass('migration')`],
  // They look for the partitions of the next days before anything else.
  ['the start of the services', 'SELECT to_regclass($1)'],
])('a database that goes away during %s is waited for again', async (_step, statement) => {
  const relay = await CuttingRelay.open(await mkdtemp(path.join(folder, 'relay-')), databaseUrl, statement);
  onTestFinished(() => relay.close());
  const runner = start('runner', '--database-url', relay.url, '--metrics-port', '0');
  const [, url = ''] = await runner.printed(/metrics are at (\S+)\/metrics/);
  await relay.hasCut;
  await runner.printed(/waiting for the database: connect ENOENT/);
  expect((await fetch(`${url}/ready`)).status).toBe(503);
  await relay.reopen();
  await runner.printed(/the runner is ready/);
  expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready' });
  expect(runner.output).not.toContain('    at ');
});

test('a signal ends a start that is waiting for the database', async () => {
  await server.stop();
  const runner = start('runner', '--database-wait-seconds', '3600');
  await runner.printed(/waiting for the database/);
  runner.signal('SIGTERM');
  expect(await runner.ended).toEqual({ exitCode: 0, signal: null });
});

test('a database error that waiting cannot fix is reported at once', async () => {
  const chela = start('runner', '--database-url', databaseUrl.replace('/chela?', '/absent?'));
  await server.start();
  const end = await chela.ended;
  expect(end.exitCode).toBe(1);
  expect(chela.output).toContain('database "absent" does not exist');
});
