import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishWorker } from './packages.ts';

let platform: TestPlatform;
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishWorker(platform, 'Started once');
});
afterAll(async () => platform.close());

async function start(key: string, body: object = {}, options: { account?: string; path?: string } = {}) {
  const headers = { 'idempotency-key': key };
  const answer = await platform.call<{ run_slug: string }>(options.path ?? `/workers/${worker}/runs`, {
    method: 'POST',
    headers,
    body,
    ...(options.account !== undefined && { key: options.account }),
  });
  return { ...answer, slug: answer.data?.run_slug };
}

async function runCount(): Promise<number> {
  return (await platform.call<{ count: number }>('/worker-runs')).data.count;
}

test('the same start with the same key makes one run, even when fifty arrive at once', async () => {
  const before = await runCount();
  const answers = await Promise.all(Array.from({ length: 50 }, () => start('fifty')));
  expect(new Set(answers.map(({ slug }) => slug)).size).toBe(1);
  expect(await runCount()).toBe(before + 1);
});

test('different keys, and no key, make different runs', async () => {
  const slugs = [
    (await start('one')).slug,
    (await start('two')).slug,
    (await start('')).slug,
    (await start('')).slug,
  ];
  expect(new Set(slugs).size).toBe(4);
});

test('a key used by a different request is refused with the run that it started', async () => {
  const first = await start('used');
  const input = { parameters: { custom: { other: 1 } } };
  const second = await start('used', { input });
  expect([second.status, second.code]).toEqual([400, 11000]);
  expect(second.message).toContain(first.slug);
});

test('keys are scoped to their account', async () => {
  const mine = await start('shared');
  const { key } = await platform.otherAccount('namesake');
  await platform.call(`/workers/${worker}/store`, { method: 'PUT', body: { published: true } });
  const theirs = await start('shared', {}, { account: key });
  expect(theirs.status).toBe(200);
  expect(theirs.slug).not.toBe(mine.slug);
});

test('a rerun of the last run makes one run per key, although that run becomes the last run itself', async () => {
  const path = `/workers/${worker}/runs/last/rerun`;
  const first = await start('rerun', {}, { path });
  const second = await start('rerun', {}, { path });
  expect(second.slug).toBe(first.slug);
});

test('an invalid key is refused', async () => {
  expect((await start('with space')).status).toBe(422);
  expect((await start('x'.repeat(256))).status).toBe(422);
});

test('a repeated start is answered, not refused, when the plan is full', async () => {
  const { key, id } = await platform.otherAccount('full');
  await platform.platform.database.pool.query("UPDATE account SET plan = 'free' WHERE id = $1", [id]);
  const answers = await Promise.all(Array.from({ length: 8 }, () => start('first', {}, { account: key })));
  expect(new Set(answers.map(({ slug }) => slug)).size).toBe(1);
  expect((await start('second', {}, { account: key })).status).toBe(200);
  expect(await start('third', {}, { account: key })).toMatchObject({ status: 400, code: 30003 });
  expect((await start('second', {}, { account: key })).status).toBe(200);
});
