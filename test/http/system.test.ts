import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { ask, errorOf } from './checked-answer.ts';

interface System {
  version: string;
  node_version: string;
  sandbox: string;
  hostname: string;
  started_at: number;
  used_memory: number;
  memory: number;
  runners: Record<string, unknown>[];
  queue: {
    waiting_subtasks: number;
    running_subtasks: number;
    oldest_waiting_since: number;
    accounts: unknown[];
  };
  database: {
    version: string;
    size: number;
    connections: number;
    tables: { name: string; size: number; rows: number }[];
  };
  disks: { folder: string; path: string; total: number; free: number }[];
  jobs: { kind: string; waiting: number; later: number; active: number }[];
}

let platform: TestPlatform;
let admin: string;
let now: number;
beforeAll(async () => {
  now = Math.floor(Date.now() / 1000);
  platform = await startTestPlatform({ runnerSlots: 2 });
  const { accounts } = platform.platform;
  admin = await accounts.createKey((await accounts.ensure('admin')).id, 'test');
});
afterAll(async () => platform.close());

async function system(): Promise<System> {
  const answer = await ask<System>(platform, '/system', { key: admin });
  expect(answer.message).toBe('success');
  return answer.data;
}

test('is 403 for accounts that are not administrators', async () => {
  expect(errorOf(await ask(platform, '/system'))).toEqual({ status: 403, code: 12001 });
  expect(errorOf(await ask(platform, '/system', { key: '' }))).toEqual({ status: 401, code: 12001 });
});

test('reports versions, host, database and disks', async () => {
  const state = await system();
  expect(state).toMatchObject({
    version,
    node_version: process.version,
    sandbox: 'bubblewrap',
    hostname: hostname(),
  });
  expect(state.started_at).toBeLessThanOrEqual(now + 1);
  expect(state.used_memory).toBeLessThan(state.memory);
  const { rows } = await platform.platform.database.pool.query<{ version: string; size: number }>(
    `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size`,
  );
  expect(state.database.version).toBe(rows[0]?.version);
  expect(state.database.size / (rows[0]?.size ?? 0)).toBeCloseTo(1, 0);
  expect(state.database.connections).toBeGreaterThan(0);
  // Partitions count toward their table.
  expect(state.database.tables.map(({ name }) => name).filter((name) => /\d{4}_\d\d/.test(name))).toEqual([]);
  expect(state.database.tables).toHaveLength(10);
  const { dataDir, cacheDir } = platform.platform.config;
  expect(state.disks.map(({ folder, path }) => [folder, path])).toEqual([
    ['data', dataDir],
    ['cache', cacheDir],
  ]);
  for (const { total, free } of state.disks) expect(free).toBeLessThanOrEqual(total);
});

test('reports jobs by kind', async () => {
  await platform.platform.jobs.boss.send(
    'wake-scheduler',
    {},
    { startAfter: 3600, singletonKey: 'for a test' },
  );
  const { jobs } = await system();
  expect(jobs.find(({ kind }) => kind === 'wake-scheduler')?.later).toBeGreaterThan(0);
});

test('reports the runner, and the queue by account', async () => {
  const worker = await publishScriptedWorker(platform, 'Scripted');
  const slug = await platform.runAsync(worker, { script: runForever, items: ['1', '2', '3', '4', '5'] });
  await eventually(async () => ((await system()).queue.running_subtasks === 2 ? true : undefined));
  const { queue, runners } = await system();
  expect(queue).toEqual({
    waiting_subtasks: 3,
    running_subtasks: 2,
    oldest_waiting_since: expect.toSatisfy((since: number) => since >= now && since <= Date.now() / 1000),
    accounts: [{ name: 'tester', waiting_subtasks: 3, running_subtasks: 2 }],
  });
  expect(runners).toEqual([
    {
      id: expect.any(Number),
      hostname: hostname(),
      process_id: process.pid,
      version,
      node_version: process.version,
      sandbox: 'bubblewrap',
      slots: 2,
      running: 2,
      started_at: expect.any(Number),
      heartbeat_at: expect.any(Number),
      is_alive: true,
    },
  ]);
  await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await platform.finished(slug);
  expect((await system()).queue).toEqual({
    waiting_subtasks: 0,
    running_subtasks: 0,
    oldest_waiting_since: 0,
    accounts: [],
  });
});

test('reports a runner without a recent heartbeat as lost', async () => {
  const { database, config } = platform.platform;
  await database.pool.query('UPDATE runner SET heartbeat_at = now() - make_interval(secs => $1)', [
    config.runnerLeaseSeconds + 5,
  ]);
  const { runners } = await system();
  // Its next heartbeat, or the end of its lease, may have happened meanwhile.
  expect(
    runners.every((runner) => runner['is_alive'] === false || Number(runner['heartbeat_at']) > now),
  ).toBe(true);
});
