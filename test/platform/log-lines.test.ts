/** The log of a platform as a process prints it, with failures planted in the database. */
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import { startChela, type ProcessEnd, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

interface Line {
  readonly level: number;
  readonly time: number;
  readonly component: string;
  readonly msg: string;
  readonly event?: string;
  readonly work?: string;
  readonly run?: string;
  readonly subtask?: number;
  readonly err?: { readonly type: string; readonly message: string; readonly stack: string };
  readonly [field: string]: unknown;
}

let folder: string;
let database: { url: string; drop: () => Promise<void> };
let sql: Client;
let text: string;
let end: ProcessEnd;
let runs: { stored: string; lost: string };

/** Resolves once the log has a line that matches the pattern. */
async function logged(log: string, pattern: RegExp): Promise<void> {
  await eventually(async () => (pattern.test(await readFile(log, 'utf8')) ? true : undefined));
}

async function plantFailures({ client }: StartedChela, log: string): Promise<typeof runs> {
  const worker = await publishScriptedWorker(client, 'Scripted');
  const run = async () =>
    client.runAsync(worker, { script: 'await sdk.result.pushData({ n: 1 })', items: ['one'] });
  const stored = await run();
  await logged(log, new RegExp(`run:finished.*${stored}`));

  await sql.query('ALTER TABLE worker RENAME TO hidden_worker');
  expect((await client.call('/workers')).status).toBe(500);
  await sql.query('ALTER TABLE hidden_worker RENAME TO worker');

  await sql.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON subtask FOR EACH ROW
      WHEN (NEW.status = 'succeeded') EXECUTE FUNCTION refuse()`);
  const lost = await run();
  await logged(log, new RegExp(`run:finished.*${lost}`));

  await sql.query('ALTER TABLE subtask RENAME COLUMN turn TO hidden_turn');
  await logged(log, /"work":"claim-subtasks"/);
  await sql.query('ALTER TABLE subtask RENAME COLUMN hidden_turn TO turn');

  const broken = { 'package.json': '{ "dependencies": { "nowhere": "file:../nowhere" } }' };
  await publishScriptedWorker(client, 'Broken', broken);
  await logged(log, /install:failed/);

  await sql.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await logged(log, /a database connection was lost/);
  return { stored, lost };
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-lines-'));
  database = await createTestDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  const log = path.join(folder, 'log');
  const descriptor = openSync(log, 'a');
  const environment = {
    CHELA_DATA_DIR: path.join(folder, 'data'),
    DATABASE_URL: database.url,
    CHELA_LOG_LEVEL: 'debug',
  };
  const chela = await startChela(environment, ['up'], ['ignore', 'pipe', descriptor]);
  closeSync(descriptor);
  try {
    runs = await plantFailures(chela, log);
    chela.process.signal('SIGTERM');
    end = await chela.process.ended;
  } finally {
    await chela.process.kill();
  }
  text = await readFile(log, 'utf8');
});
afterAll(async () => {
  await sql.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

function lines(): Line[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function linesAbout(slug: string) {
  return lines()
    .filter(({ run }) => run === slug)
    .map(({ event, component, subtask, reason }) => ({ event, component, subtask, reason }));
}

test('every line is JSON with level, time, component and message, and errors appear only as err', () => {
  expect(end).toEqual({ exitCode: 0, signal: null });
  expect(text.endsWith('\n')).toBe(true);
  for (const line of lines()) {
    expect(line).toMatchObject({
      level: expect.any(Number),
      time: expect.any(Number),
      component: expect.stringMatching(/^[a-z]+$/),
      msg: expect.stringMatching(/\S/),
    });
    expect(line).not.toHaveProperty('error');
  }
  // JSON.parse keeps the last of two fields with the same name.
  for (const line of text.split('\n')) expect(line.match(/"component":/g)?.length ?? 1).toBe(1);
});

test('every error has a type, message and stack', () => {
  const errors = lines().filter(({ level }) => level >= 50);
  for (const { err } of errors) {
    expect(err?.message).toMatch(/\S/);
    expect(err?.stack).toMatch(/\n\s+at /);
  }
  const failed = errors.map(({ component, work }) => `${component} ${work ?? ''}`);
  expect(failed).toEqual(expect.arrayContaining(['http ', 'runner store-outcome', 'runner claim-subtasks']));
});

test('a run and its subtasks can be traced by their fields', () => {
  expect(linesAbout(runs.stored)).toEqual([
    { event: 'run:started', component: 'runs' },
    { event: 'subtask:settled', component: 'runner', subtask: 1, reason: 'succeeded' },
    { event: 'run:finished', component: 'runs', reason: 'succeeded' },
  ]);
  expect(linesAbout(runs.lost)).toEqual([
    { event: 'run:started', component: 'runs' },
    { event: 'internal:failed', component: 'runner', subtask: 1 },
    { event: 'subtask:settled', component: 'runner', subtask: 1, reason: 'internal' },
    { event: 'run:finished', component: 'runs', reason: 'internal' },
  ]);
});

test('a failed installation says why, with the version', () => {
  const found = lines().find(({ event }) => event === 'install:failed');
  expect(found).toMatchObject({ component: 'installs', version: expect.any(Number) });
  expect(found?.err?.message).toContain('nowhere');
});

test('an uncaught error is the last line, although it ends the process', async () => {
  const log = path.join(folder, 'last-error');
  const descriptor = openSync(log, 'a');
  const code = `process.once('SIGUSR2', () => { throw new Error('planted'); })`;
  const environment = {
    CHELA_DATA_DIR: path.join(folder, 'data'),
    DATABASE_URL: database.url,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
  };
  const { process: chela } = await startChela(environment, ['api'], ['ignore', 'pipe', descriptor]);
  closeSync(descriptor);
  chela.signal('SIGUSR2');
  expect(await chela.ended).toEqual({ exitCode: 1, signal: null });
  const printed = (await readFile(log, 'utf8')).split('\n').filter((line) => line.startsWith('{'));
  expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject({
    level: 60,
    component: 'platform',
    err: { message: 'planted', stack: expect.stringMatching(/\n\s+at /) },
  });
});
