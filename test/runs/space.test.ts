import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tasks } from '../../src/tasks/tasks.ts';
import { taskInput } from '../tasks/task-client.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const helloFolder = path.join(import.meta.dirname, '..', '..', 'workers', 'hello');

let platform: TestPlatform;
let hello: string;
beforeAll(async () => {
  platform = await startTestPlatform({ databaseLimitBytes: 1 }, { api: true, runner: false });
  hello = await platform.publish(helloFolder, 'Hello');
});
afterAll(async () => platform.close());

const input = { parameters: { custom: { names: [{ string: 'Ada' }] } } };
const reason =
  /^no runs can be started: the database has [\d,]+ bytes, and its limit is 1 \(CHELA_DATABASE_LIMIT_BYTES\)$/;

test('no run starts while the database has reached its limit', async () => {
  const refused = await platform.call(`/workers/${hello}/runs`, { body: { input } });
  expect(refused).toMatchObject({
    status: 503,
    code: 10000,
    message: expect.stringMatching(reason),
  });
  const { rowCount } = await platform.platform.database.pool.query('SELECT FROM run');
  expect(rowCount).toBe(0);
});

test('a held run says why it cannot be activated, and stays', async () => {
  const held = await platform.call<{ queue_ref: string }>(`/workers/${hello}/queued-runs`, {
    body: { input },
  });
  const { queue_ref: ref } = held.data;
  const { data } = await platform.call('/run-queue/items/activate', { body: { queue_refs: [ref] } });
  expect(data).toMatchObject({
    results: [{ queue_ref: ref, success: false, error: expect.stringMatching(reason) }],
  });
  expect((await platform.call('/run-queue/items')).data).toMatchObject({ count: 1 });
});

test('a scheduled time stays due, and waits for space without an error', async () => {
  const { database, jobs, workers, runs, config, events, accounts } = platform.platform;
  const due = new Date('2040-03-01T09:00:00Z');
  let now = new Date('2040-03-01T08:00:00Z');
  const tasks = new Tasks({ database, jobs, workers, runs, config, events, now: async () => now });
  const { id: accountId } = await accounts.ensure('tester');
  await tasks.create(accountId, {
    worker_id: hello,
    title: 'Scheduled',
    input: taskInput({ names: ['Ada'] }),
    schedule_enabled: 1,
    schedule_type: 1,
    schedule_time: '09:00',
  });
  now = due;
  for (let check = 0; check < 2; check += 1) await tasks.scheduler.fireDue();
  const { rows: looks } = await database.pool.query(
    `SELECT round(extract(epoch FROM start_after - created_on))::int AS seconds FROM pgboss.job
     WHERE name = 'wake-scheduler' AND singleton_key = 'space'`,
  );
  expect(looks).toEqual([{ seconds: 15 }]);
  const { rows } = await database.pool.query('SELECT next_tick_at, last_tick_outcome FROM task');
  expect(rows).toEqual([{ next_tick_at: due, last_tick_outcome: '' }]);
});
