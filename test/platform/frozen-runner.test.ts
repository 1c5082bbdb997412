/** A runner that is frozen for longer than its lease, and continues after its subtasks were taken from it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { TestClient } from '../support/test-client.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { ChelaProcess, runChela, startChela, type Environment } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { descendantsOf, untilAllEnded } from './support/processes.ts';
import { acknowledgedRows, concurrentPushes, pushWithWitness } from './support/row-witness.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

let folder: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let client: Client;
let settings: Environment;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-frozen-'));
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
  settings = {
    CHELA_DATA_DIR: folder,
    DATABASE_URL: database.url,
    CHELA_RUNNER_LEASE_SECONDS: '3',
    CHELA_RUNNER_SLOTS: '2',
    CHELA_LOST_SUBTASKS: 'retry',
  };
  key = (await runChela(['keys', 'create', 'first'], settings)).output.trim();
});
afterAll(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

async function startApi(): Promise<TestClient> {
  const api = await startChela(settings, ['api']);
  onTestFinished(async () => void (await api.process.kill()));
  return new TestClient(api.client.url, key);
}

async function startRunner(): Promise<ChelaProcess> {
  const runner = new ChelaProcess(['runner'], settings);
  onTestFinished(async () => {
    const processes = descendantsOf(runner.pid);
    await runner.kill();
    await untilAllEnded(processes, 60_000);
  });
  await runner.printed(/the runner is ready/);
  return runner;
}

/** Whether it answers yes eventually. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  await eventually(async () => ((await ask()) ? true : undefined));
}

async function runners(): Promise<number[]> {
  return (await client.query<{ id: string }>('SELECT id FROM runner')).rows.map(({ id }) => Number(id));
}

/** Rows `{n}` with their number, the count of the run, and its lines. */
async function stored(slug: string) {
  const { rows } = await client.query<{ rows: number[]; counted: string; lines: string[] }>(
    `SELECT ARRAY(SELECT (data ->> 'n')::int FROM result_row WHERE run_id = run.id ORDER BY number) AS rows,
       result_count AS counted, ARRAY(SELECT content FROM log_line WHERE run_id = run.id ORDER BY id) AS lines
     FROM run WHERE slug = $1`,
    [slug],
  );
  return { rows: rows[0]?.rows ?? [], counted: Number(rows[0]?.counted), lines: rows[0]?.lines ?? [] };
}

/** The records are removed with the subtask's folder when it has ended on this runner. */
async function hasPushed(runner: ChelaProcess, count: number): Promise<boolean> {
  return (await acknowledgedRows(inject('cacheDir'), runner.pid)).length >= count;
}

test('adds nothing to runs that ended or continue on another runner', async () => {
  const api = await startApi();
  const frozen = await startRunner();
  const worker = await publishScriptedWorker(api, 'Frozen');
  const script = `setInterval(() => console.log('printed'), 20); ${pushWithWitness}`;
  const ending = await api.runAsync(worker, { script, items: ['one'] });
  const continuing = await api.runAsync(worker, { script: pushWithWitness, items: ['one'] });
  for (const slug of [ending, continuing]) await until(async () => (await stored(slug)).counted > 50);
  const [lost] = await runners();

  frozen.signal('SIGSTOP');
  // A run that is being aborted is not started again.
  await api.call(`/worker-runs/${ending}/abort`, { method: 'POST' });
  await until(async () => (await api.run(ending)).finished_at > 0);
  const atTheEnd = await stored(ending);
  const other = await startRunner();
  await until(async () => hasPushed(other, 50));
  const before = await stored(continuing);
  frozen.signal('SIGCONT');
  // It notices, stops the workers, and registers as another runner.
  await until(async () => !(await hasPushed(frozen, 1)) && (await runners()).length === 2);
  expect(await runners()).not.toContain(lost);
  const acknowledged = await acknowledgedRows(inject('cacheDir'), other.pid);
  await until(async () => hasPushed(other, acknowledged.length + 50));
  await api.call(`/worker-runs/${continuing}/abort`, { method: 'POST' });
  await until(async () => (await api.run(continuing)).finished_at > 0);

  expect(await stored(ending)).toEqual(atTheEnd);
  expect(atTheEnd.counted).toBe(atTheEnd.rows.length);
  expect(await api.run(ending)).toMatchObject({ status: 'failed', results: atTheEnd.rows.length });
  const after = await stored(continuing);
  expect(after.counted).toBe(after.rows.length);
  expect(after.rows.slice(0, before.rows.length)).toEqual(before.rows);
  // Each attempt pushes 0, 1, 2 … in about this order, so a row of the first one would be out of place.
  const secondAttempt = after.rows.slice(after.rows.lastIndexOf(0));
  expect(new Set(secondAttempt).size).toBe(secondAttempt.length);
  expect(secondAttempt.filter((n, index) => Math.abs(n - index) > 2 * concurrentPushes)).toEqual([]);
  expect(acknowledged.filter((n) => !secondAttempt.includes(n) && n >= concurrentPushes)).toEqual([]);
});
