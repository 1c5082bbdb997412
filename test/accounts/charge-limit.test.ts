import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({ pricePerResult: '0.25', pricePerGigabyteHour: '360', runnerSlots: 2 });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

interface UsageShape {
  usage: string;
  entries: { kind: string; quantity: string }[];
}

async function usageOf(slug: string): Promise<UsageShape> {
  return (await platform.call<UsageShape>(`/worker-runs/${slug}/usage`)).data;
}

const pushThree = 'for (let n = 0; n < 3; n += 1) await sdk.result.pushData({ n });';

describe('max_total_charge', () => {
  test('stops a run once its rows cost that much, and keeps the rows', async () => {
    const script = `${pushThree} ${runForever}`;
    const answer = await platform.runSync(
      worker,
      { script, items: ['one'] },
      { max_total_charge: '0.75', memory: 512 },
    );
    const errMsg = 'stopped at the charge limit of 0.75 (max_total_charge)';
    expect(answer).toMatchObject({
      run_status: 'failed',
      error_message: errMsg,
      end_reason: 'limit',
      end_detail: { limit: 'charge', value: 0.75, unit: 'amount' },
      results: { count: 3 },
    });
    expect((await platform.log(answer.run_slug)).at(-1)).toMatchObject({
      type: 3,
      content: `SYSTEM: ${errMsg}`,
    });
    const { entries } = await usageOf(answer.run_slug);
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'result', quantity: '3' }));
  });

  test('counts the memory that running subtasks hold at the time', async () => {
    // Half a GB at 360 an hour and GB: 0.05 a second.
    const script = runForever;
    const answer = await platform.runSync(
      worker,
      { script, items: ['one'] },
      { max_total_charge: 0.05, memory: 512 },
    );
    expect(answer.error_message).toBe('stopped at the charge limit of 0.05 (max_total_charge)');
    expect(Number((await usageOf(answer.run_slug)).usage)).toBeGreaterThanOrEqual(0.05);
  });

  test('counts all subtasks of a run together, and starts no queued ones after that', async () => {
    const script = `await sdk.result.pushData({ n: 1 }); await sdk.result.pushData({ n: 2 }); ${runForever}`;
    const items = ['one', 'two', 'three', 'four'];
    const answer = await platform.runSync(worker, { script, items }, { max_total_charge: 1, memory: 512 });
    expect(answer.run_status).toBe('failed');
    expect(answer.error_message).toMatch(/^4 of 4 subtasks failed: #1 stopped at the charge limit of 1 /);
    expect(answer.results.count).toBeLessThanOrEqual(4);
    const started = (await platform.log(answer.run_slug)).filter(
      ({ content }) => content === 'SYSTEM: running',
    );
    expect(started).toHaveLength(2);
  });

  test('of 0 means no limit', async () => {
    const answer = await platform.runSync(
      worker,
      { script: pushThree, items: ['one'] },
      { max_total_charge: 0 },
    );
    expect(answer.run_status).toBe('succeeded');
    expect(Number((await usageOf(answer.run_slug)).usage)).toBeGreaterThan(0.75);
  });
});
