import { afterAll, beforeAll, expect, test } from 'vitest';
import { ColumnRegister } from '../../src/results/column-register.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

async function newRun(): Promise<number> {
  const slug = await platform.runAsync(worker, { script: '', items: ['one'] });
  const { rows } = await platform.platform.database.pool.query<{ id: number }>(
    'SELECT id FROM run WHERE slug = $1',
    [slug],
  );
  return rows[0]?.id ?? 0;
}

async function storedKeys(run: number): Promise<string[]> {
  const { rows } = await platform.platform.database.pool.query<{ key: string }>(
    'SELECT key FROM result_column WHERE run_id = $1 ORDER BY first_seen',
    [run],
  );
  return rows.map(({ key }) => key);
}

test('columns keep the order of the row that brought them', async () => {
  const run = await newRun();
  const register = new ColumnRegister(platform.platform.database, run);
  await register.store([{ text: '', keys: ['b', 'a', 'Z', 'é'] }], 0);
  await register.store([{ text: '', keys: ['a', '10', '9'] }], 0);
  expect(await storedKeys(run)).toEqual(['b', 'a', 'Z', 'é', '10', '9']);
});

test('runners that store the same columns of a run in opposite orders do not deadlock', async () => {
  const { database } = platform.platform;
  const run = await newRun();
  const keys = Array.from({ length: 20_000 }, (_, index) => `key ${index}`);
  const orders = [keys, keys.toReversed(), keys, keys.toReversed()];
  await Promise.all(
    orders.map((order) => new ColumnRegister(database, run).store([{ text: '', keys: order }], 0)),
  );
  expect((await storedKeys(run)).toSorted()).toEqual(keys.toSorted());
});
