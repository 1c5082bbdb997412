import { chmod, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CachePruner } from '../../src/runner/cache/cache-pruner.ts';
import { CacheUse } from '../../src/runner/cache/cache-use.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const workers = path.join(import.meta.dirname, '../../workers');
let cacheDir: string;
let platform: TestPlatform;
beforeAll(async () => {
  cacheDir = await mkdtemp(path.join(tmpdir(), 'chela-test-cache-'));
  await chmod(cacheDir, 0o755);
  platform = await startTestPlatform({ cacheDir });
});
afterAll(async () => {
  await platform.close();
  await rm(cacheDir, { recursive: true, force: true });
});

async function entries(): Promise<string[]> {
  const parents = ['packages', 'node-dependencies'];
  const names = await Promise.all(parents.map((parent) => readdir(path.join(cacheDir, parent))));
  return names.flat();
}

test('a worker whose cached package and dependencies were dropped runs again', async () => {
  const workerId = await platform.publish(path.join(workers, 'hello'), 'Hello');
  const runOnce = async () => platform.runSync(workerId, { names: ['Ada'] });
  expect((await runOnce()).run_status).toBe('succeeded');
  expect(await entries()).toHaveLength(2);
  for (const parent of ['packages', 'node-dependencies']) {
    for (const name of await readdir(path.join(cacheDir, parent))) {
      await utimes(path.join(cacheDir, parent, name), new Date(0), new Date(0));
    }
  }
  const { events } = platform.platform;
  const pruner = new CachePruner({ cacheDir, retentionDays: 1, limitBytes: 0, use: new CacheUse(), events });
  await pruner.prune(new Date());
  expect(await entries()).toEqual([]);
  expect(await runOnce()).toMatchObject({ run_status: 'succeeded', results: { count: 1 } });
  expect(await entries()).toHaveLength(2);
});
