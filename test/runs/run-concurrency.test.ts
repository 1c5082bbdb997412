import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimSubtasks, releaseSubtask } from '../../src/runner/claimer.ts';
import type { ClaimedSubtask } from '../../src/runner/execution/subtask-execution.ts';
import { registerRunner } from '../../src/runner/lease.ts';
import { succeededEnd } from '../../src/runs/end-reasons.ts';
import { settleSubtask } from '../../src/runs/finish.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';

const limit = 3;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ runConcurrency: limit }, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

async function submit(count: number): Promise<string> {
  return platform.runAsync(worker, { script: '', items: numbers(count) });
}

/** A runner with four slots that executes nothing. */
async function makeRunner() {
  const { database, callbacks, accounts, events } = platform.platform;
  const services = { database, callbacks, usage: accounts.usage, events };
  const runnerId = await registerRunner(database, { runnerSlots: 4, sandbox: 'bubblewrap' });
  return {
    claim: async (count = 4) => claimSubtasks(services, runnerId, count),
    settle: async (claim: ClaimedSubtask) => settleSubtask(services, claim, { end: succeededEnd }),
    release: async (claim: ClaimedSubtask) => releaseSubtask(database, claim),
  };
}

describe('a run with a limit of concurrent subtasks', () => {
  test('never exceeds it, however many runners ask at once, and finishes', async () => {
    const slug = await submit(25);
    const runners = await Promise.all(numbers(5).map(makeRunner));
    const { pool } = platform.platform.database;
    const running: number[] = [];
    const look = async (): Promise<void> => {
      const { rows } = await pool.query<{ running: number }>(
        `SELECT count(*) AS running FROM subtask WHERE status = 'running'`,
      );
      running.push(rows[0]?.running ?? 0);
    };
    await Promise.all(
      runners.map(async ({ claim, settle }) => {
        while ((await platform.run(slug)).finished_at === 0) {
          const claimed = await claim();
          await look();
          for (const claim of claimed) await settle(claim);
        }
      }),
    );
    expect(await platform.run(slug)).toMatchObject({ status: 'succeeded' });
    expect(Math.max(...running)).toBeGreaterThan(1);
    expect(Math.max(...running)).toBeLessThanOrEqual(limit);
  });

  test('leaves the other slots to later runs, in turn', async () => {
    const [first, second] = [await submit(10), await submit(2)];
    const { claim, settle } = await makeRunner();
    const claimed = [...(await claim()), ...(await claim())];
    const of = (slug: string) =>
      claimed.filter(({ run_slug: each }) => each === slug).map(({ number }) => number);
    expect(new Set(of(first))).toEqual(new Set([1, 2, 3]));
    expect(new Set(of(second))).toEqual(new Set([1, 2]));
    expect(await claim()).toEqual([]);
    for (const claim of claimed) await settle(claim);
    expect(new Set((await claim()).map(({ number }) => number))).toEqual(new Set([4, 5, 6]));
    await platform.call(`/worker-runs/${first}/abort`, { method: 'POST' });
  });

  test('counts a requeued subtask again, and is ended as a whole by an abort', async () => {
    const slug = await submit(10);
    const { claim, settle, release } = await makeRunner();
    const claimed = await claim();
    expect(claimed).toHaveLength(limit);
    await release(claimed[0] as ClaimedSubtask);
    const again = await claim();
    expect(again.map(({ id }) => id)).toEqual([claimed[0]?.id]);
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    for (const current of [...claimed.slice(1), ...again]) await settle(current);
    expect(await platform.run(slug)).toMatchObject({ status: 'failed', err_msg: 'run aborted by user' });
    expect(await claim()).toEqual([]);
  });
});
