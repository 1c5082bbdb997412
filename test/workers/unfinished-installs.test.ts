import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UnfinishedInstalls } from '../../src/workers/unfinished-installs.ts';
import { publishWorker } from '../http/packages.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let installs: UnfinishedInstalls;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  installs = platform.platform.workers.installs.unfinished;
});
afterAll(async () => platform.close());

async function newRunner(): Promise<number> {
  const { rows } = await platform.platform.database.pool.query<{ id: number }>(
    `INSERT INTO runner (hostname, process_id, slots) VALUES ('a-host', 1, 1) RETURNING id`,
  );
  return rows[0]?.id ?? 0;
}

async function lose(...runnerIds: number[]): Promise<void> {
  await platform.platform.database.pool.query('DELETE FROM runner WHERE id = ANY($1)', [runnerIds]);
}

let published = 0;
async function newVersion(): Promise<number> {
  const workerId = await publishWorker(platform, `Version ${(published += 1)}`, {
    files: { 'package.json': JSON.stringify({ dependencies: { a: '1.0.0' } }) },
  });
  const { rows } = await platform.platform.database.pool.query<{ id: number }>(
    'SELECT current_version_id AS id FROM worker WHERE slug = $1',
    [workerId],
  );
  return rows[0]?.id ?? 0;
}

async function status(versionId: number): Promise<string> {
  return (await platform.platform.workers.installs.read(versionId)).status;
}

test('any number of live runners may install for a version at once', async () => {
  const version = await newVersion();
  const runners = await Promise.all(Array.from({ length: 4 }, newRunner));
  const begun = await Promise.all(runners.map(async (runner) => installs.begin(version, runner)));
  expect(begun.filter((id) => id !== undefined)).toHaveLength(4);
  await lose(...runners);
});

test('two crashed runners set a version aside; the next runner records that', async () => {
  const version = await newVersion();
  const [first, second, third] = [await newRunner(), await newRunner(), await newRunner()];
  await installs.begin(version, first);
  await lose(first);
  await installs.begin(version, second);
  await lose(second);
  expect(await status(version)).toBe('waiting');
  await expect(installs.begin(version, third)).rejects.toThrow('crashed the runner twice');
  expect(await status(version)).toBe('failed');
});

test('a completed installation, installed or failed, resets earlier crashes; an interrupted one does not', async () => {
  const version = await newVersion();
  const [first, second, third] = [await newRunner(), await newRunner(), await newRunner()];
  await installs.begin(version, first);
  await lose(first);
  await installs.end((await installs.begin(version, second)) ?? 0, { isComplete: true });
  await installs.begin(version, second);
  await lose(second);
  await installs.end((await installs.begin(version, third)) ?? 0, { isComplete: false });
  await installs.begin(version, third);
  await lose(third);
  await expect(installs.begin(version, await newRunner())).rejects.toThrow('no longer tries');
});

test('installations of a runner that stops are forgotten', async () => {
  const version = await newVersion();
  const runner = await newRunner();
  await installs.begin(version, runner);
  await installs.begin(version, runner);
  await installs.forgetRunner(runner);
  await lose(runner);
  expect(await installs.begin(version, await newRunner())).toBeGreaterThan(0);
});

test("a version that was set aside is tried again on its author's request", async () => {
  const version = await newVersion();
  for (const runner of [await newRunner(), await newRunner()]) {
    await installs.begin(version, runner);
    await lose(runner);
  }
  await installs.settle();
  expect(await status(version)).toBe('failed');
  await platform.platform.workers.installs.retry(version);
  expect(await status(version)).toBe('waiting');
  expect(await installs.begin(version, await newRunner())).toBeGreaterThan(0);
});

test('a start queues a version again if its runner died, but not if a live runner is installing it', async () => {
  const [lost, underWay] = [await newVersion(), await newVersion()];
  const [dead, live] = [await newRunner(), await newRunner()];
  const { installs: records } = platform.platform.workers;
  await installs.begin(lost, dead);
  await installs.begin(underWay, live);
  await Promise.all([records.begin(lost), records.begin(underWay)]);
  await lose(dead);
  await records.queueWaiting();
  expect(await status(lost)).toBe('waiting');
  expect(await status(underWay)).toBe('installing');
});

test('a deleted version has nothing to record', async () => {
  expect(await installs.begin(Number.MAX_SAFE_INTEGER, await newRunner())).toBeUndefined();
});
