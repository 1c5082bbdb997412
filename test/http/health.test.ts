import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { spaceProblem } from '../../src/system/system.ts';
import { version } from '../../src/version.ts';
import { checkedAnswer, errorOf } from './checked-answer.ts';

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

test('GET /health reports health and the version without a credential', async () => {
  const response = await fetch(`${platform.url}/health`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok', version });
});

test('a disk with little space is a problem', async () => {
  const { dataDir } = platform.platform.config;
  expect(await spaceProblem(dataDir, Number.MAX_SAFE_INTEGER)).toMatch(
    `the disk of ${dataDir} is almost full: `,
  );
  expect(await spaceProblem(dataDir, 0)).toBeUndefined();
});

test('other methods are 405', async () => {
  const answer = await checkedAnswer(await fetch(`${platform.url}/health`, { method: 'POST' }));
  expect(errorOf(answer)).toEqual({ status: 405, code: 11000 });
  expect(answer.headers.get('allow')).toBe('GET, HEAD');
});
