import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operator } from '../../src/accounts/audit.ts';
import { planList } from '../../src/configuration/plan-list.ts';
import { Accounts } from '../../src/accounts/accounts.ts';
import { lostEnd, succeededEnd, type SubtaskEnd } from '../../src/runs/end-reasons.ts';
import { releaseSubtask } from '../../src/runner/claimer.ts';
import { ask } from '../http/checked-answer.ts';
import { makePublic, publishWorker } from '../http/packages.ts';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import { dividedRounded, sum, units } from './support/decimals.ts';
import { settle, shuffled, startSubtasks, use, type StartedSubtask } from './support/settling.ts';

interface EntryShape {
  kind: string;
  unit: string;
  quantity: string;
  unit_price: string;
  amount: string;
}

interface UsageShape {
  usage: string;
  entries: EntryShape[];
  metered: { results: number; memory_gb_hours: number; cpu_seconds: number; traffic_bytes: number };
}

/** Deliberately awkward: none is a binary fraction, and amounts have to be rounded. */
const prices = {
  pricePerResult: '0.000333333',
  pricePerGigabyteHour: '0.0400007',
  pricePerCpuHour: '0.7200001',
  pricePerGigabyteTraffic: '1.1',
};
const splitSchema = {
  concurrency: { fields: ['words'] },
  properties: [{ name: 'words', title: 'Words', type: 'array', editor: 'stringList', description: 'Words.' }],
};
const memoryMegabytes = 700n;
const failedEnd: SubtaskEnd = { reason: 'exit', detail: { exit_code: 1 } };

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform(
    { ...prices, plans: planList('prepaid:prepaid,unlimited'), databasePoolSize: 12 },
    { api: true, runner: false },
  );
  const files = { 'input_schema.json': JSON.stringify(splitSchema) };
  worker = await publishWorker(platform, 'Metered', { files });
  await makePublic(platform, worker);
});
afterAll(async () => platform.close());

function start(subtasks: number, key?: string) {
  const words = Array.from({ length: subtasks }, (_, index) => `word ${index}`);
  const input = { parameters: { custom: { words }, system: { memory: Number(memoryMegabytes) } } };
  return ask<{ run_slug: string }>(platform, `/workers/${worker}/runs`, { key, body: { input } });
}

async function submit(subtasks: number, key?: string): Promise<string> {
  const answer = await start(subtasks, key);
  expect(answer.message).toBe('success');
  return answer.data.run_slug;
}

async function usageOf(slug: string, key?: string): Promise<UsageShape> {
  return (await ask<UsageShape>(platform, `/worker-runs/${slug}/usage`, { key })).data;
}

function entry({ entries }: UsageShape, kind: string): EntryShape | undefined {
  return entries.find((candidate) => candidate.kind === kind);
}

/** GB-hours of memory of all subtasks, in units of 10^-12, computed from the stored times. */
async function memoryUsed(slug: string): Promise<bigint> {
  const { rows } = await platform.platform.database.pool.query<{ microseconds: number }>(
    `SELECT (extract(epoch FROM subtask.finished_at - subtask.worked_from) * 1000000)::bigint AS microseconds
     FROM subtask JOIN run ON run.id = run_id WHERE run.slug = $1 AND subtask.worked_from IS NOT NULL`,
    [slug],
  );
  return sum(
    rows.map(({ microseconds }) =>
      dividedRounded(BigInt(microseconds) * memoryMegabytes * 10n ** 12n, 1024n * 3600n * 10n ** 6n),
    ),
  );
}

/** Hours in units of 10^-12. */
function hours(microseconds: bigint): bigint {
  return dividedRounded(microseconds * 10n ** 12n, 3600n * 10n ** 6n);
}

/** Checks that every amount is its quantity times its price to the millionth, and that they add up to the usage. */
function expectExact({ usage, entries }: UsageShape): void {
  for (const { quantity, unit_price: price, amount } of entries) {
    const exact = units(quantity, 12) * units(price, 9);
    expect(units(amount, 6)).toBe(dividedRounded(exact, 10n ** 15n));
  }
  expect(units(usage, 6)).toBe(sum(entries.map(({ amount }) => units(amount, 6))));
}

test('a subtask ends even if its reason contains characters that PostgreSQL cannot store', async () => {
  const slug = await submit(1);
  const [subtask] = await startSubtasks(platform, slug);
  const message = 'a\0b\uD800c';
  const end = { reason: 'dependencies', detail: { message } } as const;
  await settle(platform, subtask as StartedSubtask, { end, errorHeadline: message });
  expect(await platform.run(slug)).toMatchObject({
    status: 'failed',
    err_msg: 'could not be executed: a\uFFFDb\uFFFDc',
    end_reason: 'dependencies',
    end_detail: { message: 'a\uFFFDb\uFFFDc' },
    error_headline: 'a\uFFFDb\uFFFDc',
  });
});

describe('the usage of a run', () => {
  test.each<['succeeded' | 'failed']>([['succeeded'], ['failed']])(
    'that %s has exact entries that add up to it',
    async (status) => {
      const slug = await submit(7);
      const subtasks = await startSubtasks(platform, slug);
      for (const [index, subtask] of subtasks.entries()) {
        await use(platform, slug, index * 31, index * 12_345_678_901);
        await settle(platform, subtask, { end: status === 'failed' ? failedEnd : succeededEnd });
      }
      const usage = await usageOf(slug);
      expectExact(usage);
      expect(entry(usage, 'result')).toMatchObject({
        unit: 'result',
        quantity: '651',
        unit_price: '0.000333333',
      });
      expect(entry(usage, 'traffic')).toMatchObject({
        unit: 'GB',
        quantity: '259.259256921',
        unit_price: '1.10',
      });
      const memory = entry(usage, 'memory');
      expect(memory).toMatchObject({ unit: 'GB-hour', unit_price: '0.0400007' });
      expect(units(memory?.quantity ?? '', 12)).toBe(await memoryUsed(slug));
      const { data: run } = await ask<RunShape>(platform, `/worker-runs/${slug}`);
      expect(run).toMatchObject({ status, usage: usage.usage });
    },
  );

  test('includes the processor time of its subtasks, and shows everything used beside the prices', async () => {
    const slug = await submit(3);
    const [first, second, lost] = await startSubtasks(platform, slug);
    await use(platform, slug, 2, 5);
    await settle(platform, first as StartedSubtask, { cpuSeconds: 1234.567891 });
    await settle(platform, second as StartedSubtask, { end: failedEnd, cpuSeconds: 0.000001 });
    await settle(platform, lost as StartedSubtask, { end: lostEnd });
    const usage = await usageOf(slug);
    expectExact(usage);
    const cpu = entry(usage, 'cpu');
    expect(cpu).toMatchObject({ unit: 'hour', unit_price: '0.7200001' });
    expect(units(cpu?.quantity ?? '', 12)).toBe(hours(1_234_567_891n) + hours(1n));
    expect(usage.metered).toEqual({
      results: 2,
      traffic_bytes: 5,
      cpu_seconds: 1234.567892,
      memory_gb_hours: Number(entry(usage, 'memory')?.quantity),
    });
  });

  test('counts each row once, in whatever order subtasks settle', async () => {
    const slug = await submit(20);
    const subtasks = shuffled(await startSubtasks(platform, slug));
    await Promise.all(
      subtasks.map(async (subtask) => {
        await use(platform, slug, 5, 1);
        await settle(platform, subtask);
      }),
    );
    const usage = await usageOf(slug);
    expectExact(usage);
    expect(entry(usage, 'result')?.quantity).toBe('100');
    expect(entry(usage, 'traffic')?.quantity).toBe('0.00000002');
    expect(units(entry(usage, 'memory')?.quantity ?? '', 12)).toBe(await memoryUsed(slug));
  });

  test('grows only when a subtask ends', async () => {
    const slug = await submit(2);
    const [first, second] = await startSubtasks(platform, slug);
    await use(platform, slug, 10, 0);
    expect(await usageOf(slug)).toMatchObject({ usage: '0.00', entries: [] });
    await settle(platform, first as StartedSubtask);
    expect(entry(await usageOf(slug), 'result')?.quantity).toBe('10');
    await use(platform, slug, 1, 0);
    await settle(platform, second as StartedSubtask);
    expect(entry(await usageOf(slug), 'result')?.quantity).toBe('11');
  });

  test('that was aborted is what it used until then', async () => {
    const slug = await submit(3);
    const [first, ...rest] = await startSubtasks(platform, slug);
    await use(platform, slug, 4, 0);
    await settle(platform, first as StartedSubtask);
    await use(platform, slug, 2, 1_000_000_000);
    await ask(platform, `/worker-runs/${slug}/abort`, { method: 'POST' });
    for (const subtask of rest) await settle(platform, subtask, { end: failedEnd });
    const usage = await usageOf(slug);
    expectExact(usage);
    expect(entry(usage, 'result')?.quantity).toBe('6');
    expect(entry(usage, 'traffic')?.quantity).toBe('1');
    expect(units(entry(usage, 'memory')?.quantity ?? '', 12)).toBe(await memoryUsed(slug));
  });

  test('that was aborted while queued for a retry includes the rows of its first attempt', async () => {
    const slug = await submit(1);
    const [subtask] = await startSubtasks(platform, slug);
    await use(platform, slug, 3, 0);
    await releaseSubtask(platform.platform.database, subtask as StartedSubtask);
    await ask(platform, `/worker-runs/${slug}/abort`, { method: 'POST' });
    const usage = await usageOf(slug);
    expectExact(usage);
    expect(usage.entries).toMatchObject([{ kind: 'result', quantity: '3' }]);
  });

  test('charges no memory for the time before the worker started, nor for a lost runner', async () => {
    const slug = await submit(2);
    const [unprepared, lost] = await startSubtasks(platform, slug);
    await platform.platform.database.pool.query('UPDATE subtask SET worked_from = NULL WHERE id = $1', [
      unprepared?.id,
    ]);
    await use(platform, slug, 1, 0);
    await settle(platform, unprepared as StartedSubtask, { end: failedEnd });
    await settle(platform, lost as StartedSubtask, { end: lostEnd });
    expect((await usageOf(slug)).entries).toMatchObject([{ kind: 'result', quantity: '1' }]);
  });

  test('that was aborted before it started is nothing', async () => {
    const slug = await submit(3);
    await ask(platform, `/worker-runs/${slug}/abort`, { method: 'POST' });
    expect(await usageOf(slug)).toMatchObject({ usage: '0.00', entries: [] });
  });

  test('has an entry for each price if the price changed during the run', async () => {
    const slug = await submit(2);
    const [first, second] = await startSubtasks(platform, slug);
    await use(platform, slug, 10, 0);
    await settle(platform, first as StartedSubtask);
    await use(platform, slug, 7, 0);
    const { database, callbacks, config, events } = platform.platform;
    const dearer = new Accounts({ database, config: { ...config, pricePerResult: '2' }, events });
    const settling = { platform: { database, callbacks, accounts: dearer, events } } as TestPlatform;
    await settle(settling, second as StartedSubtask);
    const usage = await usageOf(slug);
    expectExact(usage);
    expect(usage.entries.filter(({ kind }) => kind === 'result')).toMatchObject([
      { quantity: '10', unit_price: '0.000333333' },
      { quantity: '7', unit_price: '2.00' },
    ]);
  });

  test('of another account is 404; for the last run it is found under the last-run paths', async () => {
    const slug = await submit(1);
    const [subtask] = await startSubtasks(platform, slug);
    await settle(platform, subtask as StartedSubtask);
    const { key } = await platform.otherAccount('stranger');
    expect(await ask(platform, `/worker-runs/${slug}/usage`, { key })).toMatchObject({
      status: 404,
      code: 11004,
    });
    for (const scope of ['/worker-runs/last', `/workers/${worker}/runs/last`]) {
      expect((await ask(platform, `${scope}/usage`)).data).toEqual(await usageOf(slug));
    }
  });
});

async function accountWithBalance(name: string, plan: string, amount: string) {
  const { accounts } = platform.platform;
  const { id, key } = await platform.otherAccount(name);
  await accounts.update(name, { plan }, operator);
  await accounts.changeBalance(name, { amount }, operator);
  return { key, balance: async () => units((await accounts.get(id)).balance, 6) };
}

describe('a balance', () => {
  test('of a prepaid plan pays every run to the millionth, while submits, settlements and payments overlap', async () => {
    const { key, balance } = await accountWithBalance('payer', 'prepaid', '1000');
    const slugs = await Promise.all(Array.from({ length: 12 }, () => submit(5, key)));
    const subtasks: { slug: string; subtask: StartedSubtask }[] = [];
    for (const slug of slugs) {
      for (const subtask of await startSubtasks(platform, slug)) subtasks.push({ slug, subtask });
    }
    const { accounts } = platform.platform;
    await Promise.all([
      ...shuffled(subtasks).map(async ({ slug, subtask }) => {
        await use(platform, slug, 3, 77_777_777);
        await settle(platform, subtask);
      }),
      ...Array.from({ length: 10 }, () => accounts.changeBalance('payer', { amount: '0.5' }, operator)),
      ...Array.from({ length: 10 }, () => submit(1, key)),
    ]);
    const usages = await Promise.all(slugs.map((slug) => usageOf(slug, key)));
    for (const usage of usages) expectExact(usage);
    const spent = sum(usages.map(({ usage }) => units(usage, 6)));
    expect(spent).toBeGreaterThan(0n);
    expect(await balance()).toBe(1_005_000_000n - spent);
  });

  test('may go below zero by the run that exhausts it; the next run is refused', async () => {
    const { key, balance } = await accountWithBalance('poor', 'prepaid', '0.01');
    const slug = await submit(1, key);
    const [subtask] = await startSubtasks(platform, slug);
    await use(platform, slug, 1_000_000, 0);
    await settle(platform, subtask as StartedSubtask);
    expect(await balance()).toBeLessThan(-300_000_000n);
    expect(await start(1, key)).toMatchObject({ status: 400, code: 30001 });
  });

  test('of any other plan pays nothing, but the usage is still shown', async () => {
    const { key, balance } = await accountWithBalance('guest', 'unlimited', '1');
    const slug = await submit(1, key);
    const [subtask] = await startSubtasks(platform, slug);
    await use(platform, slug, 9, 0);
    await settle(platform, subtask as StartedSubtask);
    expect(units((await usageOf(slug, key)).usage, 6)).toBeGreaterThan(0n);
    expect(await balance()).toBe(1_000_000n);
  });
});

test('nothing is metered if everything is free', async () => {
  const free = await startTestPlatform({}, { api: true, runner: false });
  try {
    const { accounts, database } = free.platform;
    expect(accounts.usage.isFree).toBe(true);
    const slug = await ask<{ run_slug: string }>(free, `/workers/${await publishWorker(free, 'Free')}/runs`, {
      body: {},
    });
    const [subtask] = await startSubtasks(free, slug.data.run_slug);
    await use(free, slug.data.run_slug, 5, 5);
    await settle(free, subtask as StartedSubtask);
    expect((await database.pool.query('SELECT FROM usage_entry')).rowCount).toBe(0);
    expect((await ask(free, '/worker-runs/last/usage')).data).toMatchObject({ usage: '0.00', entries: [] });
  } finally {
    await free.close();
  }
});
