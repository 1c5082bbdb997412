/** A platform whose log, on standard error, cannot be written. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import { TestClient } from '../support/test-client.ts';
import { ChelaProcess, runChela, startChela, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

/** Together they log more than any pipe holds and than may wait in memory. */
const failingRequests = 120;
const failure = `RAISE EXCEPTION '%', repeat('no worker to be found, ', 1000)`;
const isRoot = process.getuid?.() === 0;

let folder: string;
let database: { url: string; drop: () => Promise<void> };
let sql: Client;
let environment: Record<string, string>;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-log-'));
  database = await createTestDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  environment = { CHELA_DATA_DIR: path.join(folder, 'data'), DATABASE_URL: database.url };
  key = (await runChela(['keys', 'create', 'test'], environment)).output.trim();
});
afterAll(async () => {
  await sql.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface LogLine {
  readonly event?: string;
  readonly component?: string;
  readonly dropped?: number;
  readonly reason?: string;
}

/** Starts `chela` with a descriptor or socket as its standard error, which only it holds from then on. */
async function start(stderr: number | Socket, argv = ['up']): Promise<StartedChela> {
  const { process: chela, client } = await startChela(environment, argv, ['ignore', 'pipe', stderr]);
  if (typeof stderr === 'number') closeSync(stderr);
  else stderr.destroy();
  onTestFinished(async () => {
    await chela.kill();
  });
  return { process: chela, client: new TestClient(client.url, key) };
}

/** Requests workers while the database only fails: each request is answered with 500, and logged. */
async function failRequests(client: TestClient, count: number): Promise<void> {
  await sql.query(`
    ALTER TABLE worker RENAME TO hidden_worker;
    CREATE FUNCTION fail() RETURNS SETOF hidden_worker LANGUAGE plpgsql AS $$ BEGIN ${failure}; END $$;
    CREATE VIEW worker AS SELECT * FROM fail()`);
  try {
    let left = count;
    const askOn = async (): Promise<void> => {
      for (; left > 0;) {
        left -= 1;
        expect((await client.call('/workers')).status).toBe(500);
      }
    };
    await Promise.all(Array.from({ length: 8 }, askOn));
  } finally {
    await sql.query('DROP VIEW worker; DROP FUNCTION fail; ALTER TABLE hidden_worker RENAME TO worker');
  }
}

async function connected(place: string): Promise<Socket> {
  const socket = createConnection(place);
  await once(socket, 'connect');
  return socket;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function linesOf(text: string): LogLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogLine);
}

/** Every failed request is either in the log or counted as dropped. */
function expectAllAccountedFor(lines: readonly LogLine[], reason: string, failed: number): void {
  const notes = lines.filter(({ dropped }) => dropped !== undefined);
  expect(notes.map((note) => [note.component, note.reason])).toEqual([['log', reason]]);
  const written = lines.filter(({ event }) => event === 'request:failed').length;
  expect({ written, all: written + (notes[0]?.dropped ?? 0) }).toEqual({
    written: expect.toSatisfy((count: number) => count > 0 && count < failed),
    all: failed,
  });
}

describe.skipIf(!isRoot)('a log on a full disk (needs root for a mount)', () => {
  let disk: string;
  let log: string;
  beforeAll(async () => {
    disk = await mkdtemp(path.join(folder, 'disk-'));
    log = path.join(disk, 'log');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'chela-test', disk]);
  });
  afterAll(() => {
    // Immediately, although a platform left by a failed test may still write there.
    execFileSync('umount', ['--lazy', disk]);
  });

  test('a run continues to its end; once there is space, the log has the waiting lines and says how many were dropped', async () => {
    const { client, process: chela } = await start(openSync(log, 'a'));
    const worker = await publishScriptedWorker(client, 'Scripted');
    const script = `for (let n = 0; n < 100; n += 1) await sdk.result.pushData({ n });`;
    const run = await client.runAsync(worker, { script, items: ['one'] });
    await failRequests(client, failingRequests);
    await eventually(async () => ((await client.run(run)).finished_at > 0 ? true : undefined));
    expect(await client.run(run)).toMatchObject({ status: 'succeeded', results: 100 });

    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    await eventually(async () => (/"dropped":\d+/.test(await readFile(log, 'utf8')) ? true : undefined));
    await failRequests(client, 1);
    expectAllAccountedFor(linesOf(await readFile(log, 'utf8')), 'ENOSPC', failingRequests + 1);
    chela.signal('SIGTERM');
    expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
  });
});

async function openPipe(): Promise<{ name: string; reader: number; writer: number }> {
  const name = path.join(await mkdtemp(path.join(folder, 'pipe-')), 'log');
  execFileSync('mkfifo', [name]);
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
  return { name, reader, writer: openSync(name, 'w') };
}

describe('a log whose reader is stuck', () => {
  test('a full pipe delays no request; read again, it has the waiting lines and says how many were dropped', async () => {
    const { name, reader, writer } = await openPipe();
    const { client, process: chela } = await start(writer, ['api']);
    await failRequests(client, failingRequests);
    expect((await client.call('/workers')).status).toBe(200);

    let read = '';
    const stream = createReadStream(name, 'utf8').on('data', (text) => (read += text));
    await eventually(async () => (read.includes('"dropped":') ? true : undefined));
    closeSync(reader);
    chela.signal('SIGTERM');
    expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
    await finished(stream);
    expectAllAccountedFor(linesOf(read), 'EAGAIN', failingRequests);
  });

  test('a full socket, as service managers use, delays no request', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(path.join(folder, 'socket'));
    onTestFinished(() => {
      server.close();
    });
    const [[theirs], ours] = await Promise.all([
      once(server, 'connection') as Promise<[Socket]>,
      connected(path.join(folder, 'socket')),
    ]);
    const { client, process: chela } = await start(ours, ['api']);
    await failRequests(client, failingRequests);
    expect((await client.call('/workers')).status).toBe(200);

    let read = '';
    theirs
      .setEncoding('utf8')
      .on('data', (text: string) => (read += text))
      .resume();
    await eventually(async () => (read.includes('"dropped":') ? true : undefined));
    chela.signal('SIGTERM');
    expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
    await finished(theirs, { writable: false });
    expectAllAccountedFor(linesOf(read), 'EAGAIN', failingRequests);
  });

  test('a closed pipe does not end the platform', async () => {
    const { reader, writer } = await openPipe();
    const { client, process: chela } = await start(writer, ['api']);
    closeSync(reader);
    await failRequests(client, 10);
    expect((await client.call('/workers')).status).toBe(200);
    chela.signal('SIGTERM');
    expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
  });
});

test('a platform whose standard output and log are on a full device starts, serves and stops', async () => {
  const port = await freePort();
  const full = openSync('/dev/full', 'w');
  const chela = new ChelaProcess(['up'], { ...environment, CHELA_PORT: String(port) }, [
    'ignore',
    full,
    full,
  ]);
  closeSync(full);
  onTestFinished(async () => {
    await chela.kill();
  });
  const client = new TestClient(`http://127.0.0.1:${port}`, key);
  await eventually(async () => client.call('/workers'));
  await failRequests(client, 10);
  expect((await client.call('/workers')).status).toBe(200);
  chela.signal('SIGTERM');
  expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
});

test('a log at the file size limit of its process (ulimit -f) does not end the platform', async () => {
  const log = path.join(folder, 'limited');
  const { client, process: chela } = await start(openSync(log, 'a'), ['api']);
  execFileSync('prlimit', ['--pid', String(chela.pid), '--fsize=100000']);
  await failRequests(client, 10);
  expect((await client.call('/workers')).status).toBe(200);
  expect((await stat(log)).size).toBe(100_000);
  chela.signal('SIGTERM');
  expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
});

test('a key that cannot be printed is revoked, and the command fails', async () => {
  const full = openSync('/dev/full', 'w');
  const chela = new ChelaProcess(['keys', 'create', 'lost'], environment, ['ignore', full, 'pipe']);
  closeSync(full);
  expect(await chela.ended).toEqual({ exitCode: 1, signal: null });
  expect(chela.output).toMatch(/^chela: the result could not be printed: ENOSPC/);
  const { rows } = await sql.query(
    `SELECT revoked_at IS NOT NULL AS revoked FROM api_key WHERE name = 'lost'`,
  );
  expect(rows).toEqual([{ revoked: true }]);
});
