import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planList } from '../../src/configuration/plan-list.ts';
import { applyRetention } from '../../src/retention/retention.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { errorOf } from './checked-answer.ts';

const helloFolder = path.join(import.meta.dirname, '..', '..', 'workers', 'hello');
const unknownSlug = '01KKDXW7N4T0B3R6Y9Z2M5C8F1';
const input = { parameters: { custom: { names: ['Ada'] } } };

interface Item {
  queue_ref: string;
  queue_status: string;
  worker_slug: string;
  worker_path: string;
  worker_title: string;
  version: string;
  created_at: number;
  reason: string;
  run_slug: string;
}

interface Outcome {
  queue_ref: string;
  success: boolean;
  run_slug?: string;
  error?: string;
}

let platform: TestPlatform;
let hello: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  hello = await platform.publish(helloFolder, 'Hello');
});
afterAll(async () => platform.close());

async function hold(body: Record<string, unknown> = {}, key = platform.key): Promise<string> {
  const answer = await platform.call<{ queue_ref: string }>(`/workers/${hello}/queued-runs`, {
    body: { input, ...body },
    key,
  });
  if (answer.code !== 0) throw new Error(answer.message);
  return answer.data.queue_ref;
}

async function list(
  query = '',
): Promise<{ count: number; list: Item[]; page_index: number; page_size: number }> {
  return (
    await platform.call<{ count: number; list: Item[]; page_index: number; page_size: number }>(
      `/run-queue/items?${query}`,
    )
  ).data;
}

async function find(ref: string, status = 'waiting'): Promise<Item | undefined> {
  return (await list(`status=${status}&limit=100`)).list.find((item) => item.queue_ref === ref);
}

async function activate(refs: string[] | null, key = platform.key): Promise<Outcome[]> {
  const answer = await platform.call<{ results: Outcome[] }>('/run-queue/items/activate', {
    body: { queue_refs: refs },
    key,
  });
  return answer.data.results;
}

async function release(refs: string[] | null, reason?: string): Promise<Outcome[]> {
  const answer = await platform.call<{ results: Outcome[] }>('/run-queue/items/release', {
    body: { queue_refs: refs, ...(reason !== undefined && { reason }) },
  });
  return answer.data.results;
}

test('the input of a held run can be read, also after it was released, but not by other accounts', async () => {
  const ref = await hold();
  const held = await platform.call(`/run-queue/items/${ref}/input`);
  expect(held.data).toEqual({ input, version: 'v1.0.1' });
  await release([ref]);
  expect((await platform.call(`/run-queue/items/${ref}/input`)).data).toEqual({ input, version: 'v1.0.1' });
  const { key } = await platform.otherAccount('reader');
  for (const [credential, name] of [
    [key, ref],
    [platform.key, '0'],
    [platform.key, '%ud800'.slice(1)],
    [platform.key, '9'.repeat(30)],
  ] as const) {
    expect(errorOf(await platform.call(`/run-queue/items/${name}/input`, { key: credential }))).toEqual({
      status: 404,
      code: 11004,
    });
  }
});

describe('holding a run', () => {
  test('returns a decimal reference, and starts nothing', async () => {
    const before = Math.floor(Date.now() / 1000) - 1;
    const { data } = await platform.call<Item>(`/workers/${hello}/queued-runs`, { body: { input } });
    expect(data).toEqual({
      queue_ref: expect.stringMatching(/^[1-9]\d*$/),
      queue_status: 'waiting',
      queued: true,
    });
    const item = await find(data.queue_ref);
    expect(item).toEqual({
      queue_ref: data.queue_ref,
      queue_status: 'waiting',
      worker_slug: hello,
      worker_path: 'tester~hello',
      worker_title: 'Hello',
      version: 'v1.0.1',
      created_at: expect.any(Number),
      reason: '',
      run_slug: '',
    });
    expect(item?.created_at).toBeGreaterThanOrEqual(before);
    expect((await platform.call('/worker-runs')).data).toMatchObject({ count: 0 });
  });

  test('ignores parameters that only a synchronous run needs', async () => {
    const ref = await hold({ is_async: false, offset: 3, limit: 7 });
    expect(await find(ref)).toMatchObject({ queue_status: 'waiting' });
  });

  test.each<[string, Record<string, unknown>, number, number]>([
    ['an input without a required field', { input: { parameters: { custom: {} } } }, 400, 11000],
    ['an input of the wrong shape', { input: { names: ['Ada'] } }, 400, 11000],
    ['an unknown version', { version: 'v4.0.0' }, 400, 50003],
    ['an invalid callback URL', { callback_url: 'not a url' }, 422, 11000],
    ['a callback to this machine', { callback_url: 'http://127.0.0.1:1/' }, 400, 11000],
    ['an unknown field', { priority: 1 }, 422, 11000],
    ['a limit out of range', { limit: 101 }, 422, 11000],
  ])('is refused for the same reasons as the run: %s', async (_name, body, status, code) => {
    const answer = await platform.call(`/workers/${hello}/queued-runs`, { body: { input, ...body } });
    expect(errorOf(answer)).toEqual({ status, code });
  });

  test('of a missing worker is 404', async () => {
    const answer = await platform.call(`/workers/${unknownSlug}/queued-runs`, { body: { input } });
    expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
  });

  test('is limited in number', async () => {
    const small = await startTestPlatform({ queuedRunLimit: 1 }, { api: true, runner: false });
    try {
      const worker = await small.publish(helloFolder, 'Hello');
      expect((await small.call(`/workers/${worker}/queued-runs`, { body: { input } })).status).toBe(200);
      const answer = await small.call(`/workers/${worker}/queued-runs`, { body: { input } });
      expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    } finally {
      await small.close();
    }
  });
});

describe('activating', () => {
  test('starts the run with the input and version that it was held with', async () => {
    const ref = await hold({
      input: { parameters: { custom: { names: ['Grace'] }, system: { memory: 512 } } },
    });
    const [outcome] = await activate([ref]);
    expect(outcome).toEqual({ queue_ref: ref, success: true, run_slug: expect.any(String) });
    const run = await platform.finished(outcome?.run_slug ?? '');
    expect(run).toMatchObject({
      status: 'succeeded',
      origin: 'api_v2',
      version: 'v1.0.1',
      scraper_slug: hello,
    });
    expect((await platform.results(run.slug)).list.map((row) => row.id)).toContain('Grace');
    expect(await find(ref)).toBeUndefined();
    expect(await find(ref, 'inactive')).toMatchObject({
      queue_status: 'inactive',
      run_slug: run.slug,
      reason: '',
    });
  });

  test('starts one run when many do it at once', async () => {
    const ref = await hold();
    const outcomes = (await Promise.all(Array.from({ length: 10 }, async () => activate([ref])))).flat();
    expect(outcomes.filter((outcome) => outcome.success)).toHaveLength(1);
    expect(new Set(outcomes.filter(({ success }) => !success).map(({ error }) => error))).toEqual(
      new Set(['item is not in waiting state']),
    );
    const started = outcomes.find((outcome) => outcome.success)?.run_slug ?? '';
    await platform.finished(started);
    expect((await find(ref, 'inactive'))?.run_slug).toBe(started);
  });

  test('returns an outcome for each reference, in their order', async () => {
    const [first, second] = [await hold(), await hold()];
    const outcomes = await activate([second, 'no reference', '999999999', first, second, '-1', '']);
    expect(outcomes).toEqual([
      { queue_ref: second, success: true, run_slug: expect.any(String) },
      { queue_ref: 'no reference', success: false, error: 'item does not exist' },
      { queue_ref: '999999999', success: false, error: 'item does not exist' },
      { queue_ref: first, success: true, run_slug: expect.any(String) },
      { queue_ref: second, success: false, error: 'item is not in waiting state' },
      { queue_ref: '-1', success: false, error: 'item does not exist' },
      { queue_ref: '', success: false, error: 'item does not exist' },
    ]);
    for (const { run_slug: slug } of outcomes) if (slug !== undefined) await platform.finished(slug);
  });

  test('keeps items that cannot start, and says why', async () => {
    const ref = await hold();
    const { pool } = platform.platform.database;
    await pool.query(`UPDATE queue_item SET version = 'v3.3.3' WHERE id = $1`, [ref]);
    expect(await activate([ref])).toEqual([
      { queue_ref: ref, success: false, error: expect.stringContaining('v3.3.3') },
    ]);
    expect(await find(ref)).toMatchObject({ queue_status: 'waiting' });
    await release([ref]);
  });
});

test('needs a balance and room in the plan, while holding needs neither', async () => {
  const plans = planList('small=1:prepaid');
  const small = await startTestPlatform({ plans, defaultPlan: 'small' }, { api: true, runner: false });
  try {
    const worker = await small.publish(helloFolder, 'Hello');
    const queue_refs: string[] = [];
    for (let number = 0; number < 2; number += 1) {
      const held = await small.call<Item>(`/workers/${worker}/queued-runs`, { body: { input } });
      queue_refs.push(held.data.queue_ref);
    }
    const activateBoth = async () =>
      (await small.call<{ results: Outcome[] }>('/run-queue/items/activate', { body: { queue_refs } })).data
        .results;
    const isNotPaid = { success: false, error: expect.stringContaining('balance') };
    expect(await activateBoth()).toMatchObject([isNotPaid, isNotPaid]);
    expect((await small.call('/run-queue/items')).data).toMatchObject({ count: 2 });
    await small.platform.database.pool.query('UPDATE account SET balance = 1');
    const hasNoPlace = { success: false, error: expect.stringContaining('1 of 1 concurrent runs') };
    expect(await activateBoth()).toMatchObject([{ success: true }, hasNoPlace]);
    expect((await small.call('/run-queue/items')).data).toMatchObject({ count: 1 });
  } finally {
    await small.close();
  }
});

describe('releasing', () => {
  test('is permanent, and keeps the reason', async () => {
    const ref = await hold();
    expect(await release([ref], 'not needed any more 🦀')).toEqual([{ queue_ref: ref, success: true }]);
    expect(await find(ref)).toBeUndefined();
    expect(await find(ref, 'inactive')).toMatchObject({
      queue_status: 'inactive',
      reason: 'not needed any more 🦀',
      run_slug: '',
    });
    const refused = [{ queue_ref: ref, success: false, error: 'item is not in waiting state' }];
    expect(await release([ref], 'again')).toEqual(refused);
    expect(await activate([ref])).toEqual(refused);
    expect((await find(ref, 'inactive'))?.reason).toBe('not needed any more 🦀');
  });

  test('and activating at once has one winner', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ref = await hold();
      const [[activated], [released]] = await Promise.all([activate([ref]), release([ref])]);
      expect([activated?.success, released?.success].filter(Boolean)).toHaveLength(1);
      if (activated?.run_slug !== undefined) await platform.finished(activated.run_slug);
    }
  });

  test('takes a reason or no body for one item', async () => {
    const [first, second] = [await hold(), await hold()];
    const withReason = await platform.call(`/run-queue/items/${first}/release`, { body: { reason: 'late' } });
    expect(withReason.data).toEqual({ results: [{ queue_ref: first, success: true }] });
    const without = await platform.call(`/run-queue/items/${second}/release`, { method: 'POST' });
    expect(without.data).toEqual({ results: [{ queue_ref: second, success: true }] });
    const again = await platform.call(`/run-queue/items/${second}/release`, { method: 'POST' });
    expect(again.data).toEqual({
      results: [{ queue_ref: second, success: false, error: 'item is not in waiting state' }],
    });
    expect((await find(first, 'inactive'))?.reason).toBe('late');
  });

  test.each(['999999999', 'nothing', '0', '99999999999999999999', '1e3'])(
    'is 404 for a missing item: %s',
    async (ref) => {
      const answer = await platform.call(`/run-queue/items/${ref}/release`, { method: 'POST' });
      expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
    },
  );
});

test.each([[null], [[]]])('returns no results for no references: %j', async (refs) => {
  expect(await activate(refs)).toEqual([]);
  expect(await release(refs)).toEqual([]);
});

test.each<[string, Record<string, unknown>]>([
  ['omitted', {}],
  ['a string', { queue_refs: '1' }],
  ['numbers', { queue_refs: [1] }],
  ['more than a thousand', { queue_refs: Array.from({ length: 1001 }, (_, index) => String(index)) }],
  ['with an unknown field', { queue_refs: [], force: true }],
])('is 422 for references of the wrong shape: %s', async (_name, body) => {
  for (const action of ['activate', 'release']) {
    const answer = await platform.call(`/run-queue/items/${action}`, { body });
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  }
});

describe('the list', () => {
  test('is paged, newest first, and shows waiting items by default', async () => {
    const { count } = await list();
    const refs: string[] = [];
    for (let number = 0; number < 3; number += 1) refs.unshift(await hold());
    const page = await list('limit=2');
    expect(page).toMatchObject({ count: count + 3, page_index: 1, page_size: 2 });
    expect(page.list.map((item) => item.queue_ref)).toEqual(refs.slice(0, 2));
    expect((await list('limit=2&offset=2')).list[0]?.queue_ref).toBe(refs[2]);
    expect(await list('offset=50')).toMatchObject({ list: [] });
    await release(refs);
    expect((await list()).count).toBe(count);
    const history = await list('status=inactive&limit=3');
    expect(history.list.map((item) => item.queue_ref)).toEqual(refs);
  });

  test.each(['released', 'active', 'WAITING'])('refuses the status %s', async (status) => {
    const answer = await platform.call(`/run-queue/items?status=${status}`);
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  });
});

test('drops its history with the retention, but keeps waiting items', async () => {
  const [waiting, released] = [await hold(), await hold()];
  await release([released]);
  const { database } = platform.platform;
  await applyRetention(database, { days: 1 }, new Date(Date.now() + 3 * 24 * 3600 * 1000));
  expect(await find(waiting)).toMatchObject({ queue_status: 'waiting' });
  expect(await list('status=inactive')).toMatchObject({ count: 0 });
});

test('excludes the items of other accounts', async () => {
  const other = await platform.otherAccount('stranger');
  const ref = await hold();
  const missing = [{ queue_ref: ref, success: false, error: 'item does not exist' }];
  expect(await activate([ref], other.key)).toEqual(missing);
  const released = await platform.call('/run-queue/items/release', {
    body: { queue_refs: [ref] },
    key: other.key,
  });
  expect(released.data).toEqual({ results: missing });
  const answer = await platform.call(`/run-queue/items/${ref}/release`, { method: 'POST', key: other.key });
  expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
  expect((await platform.call('/run-queue/items', { key: other.key })).data).toMatchObject({ count: 0 });
  expect(await find(ref)).toMatchObject({ queue_status: 'waiting' });
});
