import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';

const requestsPerMinute = 5;
const rateLimited = { status: 429, code: 13000 };

let platform: TestPlatform;

beforeEach(async () => {
  platform = await startTestPlatform({ rateLimitPerMinute: requestsPerMinute }, { api: true, runner: false });
});
afterEach(async () => platform.close());

async function reachLimit(path: string, key: () => string): Promise<number[]> {
  const statuses = [];
  for (let count = 0; count < requestsPerMinute; count += 1) {
    statuses.push((await ask(platform, path, { key: key() })).status);
  }
  return statuses;
}

test('over the limit, an account gets 429 with Retry-After, whichever of its keys and operations it uses', async () => {
  expect(await reachLimit('/users/account', () => platform.key)).toEqual([200, 200, 200, 200, 200]);
  const { accounts } = platform.platform;
  const { id } = await accounts.ensure('tester');
  for (const key of [platform.key, await accounts.createKey(id, 'second')]) {
    for (const path of ['/users/account', '/worker-runs', '/store']) {
      const answer = await ask(platform, path, { key });
      expect(errorOf(answer)).toEqual(rateLimited);
      const seconds = Number(answer.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60);
      expect(answer.message).toMatch(/^too many requests: try again in /);
    }
  }
});

test('an account at its limit does not delay others', async () => {
  await reachLimit('/users/account', () => platform.key);
  const { key } = await platform.otherAccount('calm');
  expect((await ask(platform, '/users/account', { key })).code).toBe(0);
});

test('guessing keys is limited by address, however many keys are tried', async () => {
  let tried = 0;
  const guess = (): string => `guess-${(tried += 1)}`;
  expect(await reachLimit('/users/account', guess)).toEqual([401, 401, 401, 401, 401]);
  expect(errorOf(await ask(platform, '/users/account', { key: guess() }))).toEqual(rateLimited);
  expect(errorOf(await ask(platform, '/store', { key: '' }))).toEqual(rateLimited);
  expect((await ask(platform, '/users/account')).code).toBe(0);
});

test('a wrong key sent beside a valid one does not bypass the limit', async () => {
  await reachLimit('/users/account', () => platform.key);
  const answer = await ask(platform, '/users/account?token=wrong', { headers: { 'api-key': 'also-wrong' } });
  expect(errorOf(answer)).toEqual(rateLimited);
});

test('the documentation and the health check are unlimited', async () => {
  await reachLimit('/store', () => '');
  expect((await fetch(`${platform.url}/openapi.json`)).status).toBe(200);
  expect((await fetch(`${platform.url}/health`)).status).toBe(200);
});
