import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ runnerSlots: 4 });
  // No SDK: the shorter a subtask, the more of the platform's own statements are hit by the loss.
  worker = await publishScriptedWorker(platform, 'Quick', {
    'main.js': '',
    'package.json': '{}',
    'package-lock.json': '{"lockfileVersion": 3, "packages": {}}',
  });
});
afterAll(async () => platform.close());

async function loseConnections(): Promise<void> {
  await platform.platform.database.pool
    .query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'chela' AND pid <> pg_backend_pid()`,
    )
    .catch(() => undefined);
}

async function countOf(slugs: readonly string[], where: string): Promise<number> {
  const { rowCount } = await platform.platform.database.pool.query(
    `SELECT FROM subtask JOIN run ON run.id = run_id WHERE slug = ANY($1) AND ${where}`,
    [slugs],
  );
  return rowCount ?? 0;
}

test('each subtask is executed and settled however often database connections are lost', async () => {
  const items = Array.from({ length: 8 }, (_, index) => String(index));
  const slugs = await Promise.all(
    Array.from({ length: 5 }, async () => platform.runAsync(worker, { script: '', items })),
  );
  await eventually(async () => {
    await loseConnections();
    return (await countOf(slugs, `subtask.status IN ('ready', 'running')`)) <= 8 ? true : undefined;
  }, 50_000);
  for (const slug of slugs) {
    const run = await eventually(async () => {
      const answer = await platform.call<{ finished_at: number; status: string }>(`/worker-runs/${slug}`);
      return answer.data.finished_at > 0 ? answer.data : undefined;
    });
    expect(run.status).toBe('succeeded');
  }
  expect(await countOf(slugs, `subtask.status <> 'succeeded'`)).toBe(0);
});
