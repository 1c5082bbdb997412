import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/database/database.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { Readiness } from '../../src/system/readiness.ts';
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

test('GET /ready is 200, and 503 while the process starts, migrates, stops or has no database', async () => {
  const response = await fetch(`${platform.url}/ready`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }]);
  const database = new Database({
    url: 'postgres://nobody@127.0.0.1:1/none',
    poolSize: 1,
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(() => database.close());
  const readiness = new Readiness();
  expect(await readiness.state()).toBe('starting');
  readiness.enter('migrating');
  expect(await readiness.state()).toBe('migrating');
  readiness.enter('started');
  readiness.needs(database);
  expect(await readiness.state()).toBe('no_database');
  readiness.needs(platform.platform.database);
  expect(await readiness.state()).toBe('ready');
  readiness.enter('stopping');
  readiness.enter('started');
  expect(await readiness.state()).toBe('stopping');
  readiness.startOver();
  readiness.enter('started');
  expect(await readiness.state()).toBe('ready');
});

test('a disk with little space is a problem', async () => {
  const { dataDir } = platform.platform.config;
  expect(await spaceProblem(dataDir, { bytes: Number.MAX_SAFE_INTEGER })).toMatch(
    `the disk of ${dataDir} is almost full: `,
  );
  expect(await spaceProblem(dataDir, { bytes: 0 })).toBeUndefined();
  expect(await spaceProblem(dataDir, { percent: 0 })).toBeUndefined();
});

test('other methods are 405', async () => {
  const answer = await checkedAnswer(await fetch(`${platform.url}/health`, { method: 'POST' }));
  expect(errorOf(answer)).toEqual({ status: 405, code: 11000 });
  expect(answer.headers.get('allow')).toBe('GET, HEAD');
});
