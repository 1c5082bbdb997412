import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, checkedAnswer, errorOf } from './checked-answer.ts';
import { packageZip, uploadForm } from './packages.ts';

let platform: TestPlatform;
const lines: string[] = [];

beforeAll(async () => {
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  platform = await startTestPlatform({}, { api: true, runner: false }, pino({ level: 'trace' }, log));
});
afterAll(async () => platform.close());

/** Makes the database fail during an action. */
async function withoutWorkerTable<T>(work: () => Promise<T>): Promise<T> {
  const { pool } = platform.platform.database;
  await pool.query('ALTER TABLE worker RENAME TO hidden_worker');
  try {
    return await work();
  } finally {
    await pool.query('ALTER TABLE hidden_worker RENAME TO worker');
  }
}

test('a database failure is a 500 with code 14000 that reveals nothing, and is logged with its request id', async () => {
  const answer = await withoutWorkerTable(async () => ask(platform, '/workers'));
  expect(errorOf(answer)).toEqual({ status: 500, code: 14000 });
  expect(answer).toMatchObject({ message: 'database error', details: undefined });
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(logged.filter(({ requestId }) => requestId === answer.requestId)).toEqual([
    expect.objectContaining({
      level: 50,
      method: 'GET',
      route: '/api/v2/workers',
      err: expect.objectContaining({ message: expect.stringContaining('does not exist') }),
    }),
  ]);
});

test('no key, valid or not, appears in the log at its most verbose level', async () => {
  const secrets = [platform.key, 'wrong-key-of-a-test'];
  for (const secret of secrets) {
    const asToken = `?token=${secret}`;
    for (const path of ['/users/account', '/workers', '/store', '/no/such/route', '/workers?limit=0']) {
      await ask(platform, path, { key: secret });
      await ask(platform, path, { key: '', headers: { 'api-key': secret } });
      await ask(platform, `${path}${path.includes('?') ? '&' : '?'}token=${secret}`, { key: '' });
    }
    await ask(platform, `/workers${asToken}`, { key: '', method: 'PATCH' });
    await ask(platform, `/workers/x/runs${asToken}`, { key: '', body: '{' });
    await ask(platform, `/workers${asToken}`, { key: '', body: uploadForm(packageZip()) });
    await ask(platform, `/workers${asToken}`, {
      key: '',
      body: 'broken',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    await checkedAnswer(await fetch(`${platform.url}/api/v2/workers/%zz${asToken}`));
    await checkedAnswer(await fetch(`${platform.url}/api/v2/workers${asToken}${'x'.repeat(20_000)}`));
    await withoutWorkerTable(async () => ask(platform, `/workers${asToken}`, { key: secret }));
  }
  expect(lines.length).toBeGreaterThan(1);
  for (const secret of secrets) expect(lines.filter((line) => line.includes(secret))).toEqual([]);
});
