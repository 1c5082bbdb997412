import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunShape, TestClient } from '../support/test-client.ts';
import { DataFolder, runChela, type StartedChela } from './support/chela-process.ts';
import { eventually } from './support/eventually.ts';
import { untilAllEnded, descendantsOf, stillRunning } from './support/processes.ts';
import { publishScriptedWorker, runForever } from './support/scripted-worker.ts';

const items = ['one'];

/** One platform after another in one folder: each test stops one and leaves another for the next test. */
let folder: DataFolder;
let current: StartedChela;
let worker: string;
beforeAll(async () => {
  folder = await DataFolder.make();
  current = await folder.start({ CHELA_STOP_GRACE_SECONDS: '30' });
  worker = await publishScriptedWorker(current.client, 'Scripted');
  await ended(current.client, (await current.client.call<RunShape>('/worker-runs/last')).data.slug);
});
afterAll(async () => folder.remove());

async function ended(client: TestClient, slug: string): Promise<RunShape> {
  return eventually(async () => {
    const run = await client.run(slug);
    return run.finished_at > 0 ? run : undefined;
  });
}

/** Starts a run of the script and waits for its first row. */
async function runUntilFirstRow(script: string): Promise<string> {
  const { client } = current;
  const slug = await client.runAsync(worker, { script: `await sdk.result.pushData({}); ${script}`, items });
  await eventually(async () => ((await client.run(slug)).results > 0 ? true : undefined));
  return slug;
}

test('Ctrl+C in a terminal, which signals the whole process group, lets a running worker finish', async () => {
  const slug = await runUntilFirstRow(
    `await new Promise((later) => setTimeout(later, 1500)); await sdk.result.pushData({});`,
  );
  const { process: chela } = current;
  const processes = descendantsOf(chela.pid);
  // The two that everything else depends on. Others, such as database sessions and warm sandboxes, come and go.
  const lasting = ['/bin/postgres -D', 'namespace_opener.py'].flatMap(
    (part) => processes.find(({ command }) => command.includes(part)) ?? [],
  );
  expect(lasting).toHaveLength(2);
  chela.signalGroup('SIGINT');
  await chela.printed(/stopping \(SIGINT\)/);
  expect(stillRunning(lasting)).toEqual(lasting);
  expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
  await untilAllEnded(processes, 1000);

  current = await folder.start({ CHELA_STOP_GRACE_SECONDS: '1' });
  expect(await current.client.run(slug)).toMatchObject({ status: 'succeeded', results: 2, err_msg: '' });
});

test('SIGTERM ends a worker that exceeds the grace period, and names it', async () => {
  const slug = await runUntilFirstRow(runForever);
  const { process: chela } = current;
  const processes = descendantsOf(chela.pid);
  chela.signal('SIGTERM');
  expect(await chela.ended).toEqual({ exitCode: 0, signal: null });
  expect(chela.output).toContain(`"event":"subtask:orphaned","run":"${slug}","subtask":1,`);
  await untilAllEnded(processes, 1000);

  current = await folder.start({ CHELA_STOP_GRACE_SECONDS: '0', CHELA_LOST_SUBTASKS: 'retry' });
  expect(await current.client.run(slug)).toMatchObject({
    status: 'failed',
    results: 1,
    err_msg: 'the runner was stopped while it was executing the subtask',
    end_reason: 'stopped',
    end_detail: {},
  });
});

test('subtasks ended by a stop with CHELA_LOST_SUBTASKS=retry run again at once after the next start', async () => {
  const slug = await runUntilFirstRow(runForever);
  current.process.signal('SIGTERM');
  await current.process.ended;

  current = await folder.start({ CHELA_STOP_GRACE_SECONDS: '3600' });
  await eventually(async () => ((await current.client.run(slug)).results === 2 ? true : undefined));
  await current.client.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  expect(await ended(current.client, slug)).toMatchObject({
    status: 'failed',
    err_msg: 'run aborted by user',
  });
});

test('a second chela up in the same folder exits with 1 and says why; the first keeps running', async () => {
  const second = await runChela(['up'], { CHELA_DATA_DIR: folder.path });
  expect(second.exitCode).toBe(1);
  expect(second.output.trimEnd().split('\n').at(-1)).toBe(
    `chela: Chela is already running in ${folder.path} (process ${current.process.pid}): stop it, or use another folder with --data-dir or CHELA_DATA_DIR`,
  );
  expect((await current.client.call('/workers')).code).toBe(0);
});

test('chela keys create creates a key while the platform is running', async () => {
  const created = await runChela(['keys', 'create', 'for a script'], { CHELA_DATA_DIR: folder.path });
  expect(created).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^chela_[\w-]{40,}\n$/) as string,
  });
  expect((await current.client.call('/users/account', { key: created.output.trim() })).code).toBe(0);
  expect((await current.client.call('/users/account')).code).toBe(0);
});

test('a second signal ends everything at once', async () => {
  await runUntilFirstRow(runForever);
  const { process: chela } = current;
  const processes = descendantsOf(chela.pid);
  chela.signal('SIGINT');
  await chela.printed(/stopping \(SIGINT\); repeat to stop immediately/);
  chela.signal('SIGTERM');
  expect(await chela.ended).toEqual({ exitCode: 130, signal: null });
  expect(chela.output).toContain('chela: stopped immediately');
  await untilAllEnded(processes, 10_000);
});

test('chela keys create fails with a message if no platform is running', async () => {
  expect(await runChela(['keys', 'create', 'too late'], { CHELA_DATA_DIR: folder.path })).toMatchObject({
    exitCode: 1,
    output: `chela: no embedded PostgreSQL is running in ${folder.path}/postgres: start Chela first\n`,
  });
});
