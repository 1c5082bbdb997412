import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, checkedAnswer, errorOf } from './checked-answer.ts';
import { publishWorker, startRuns } from './packages.ts';

interface RunLog {
  all_logs_url: string;
  list: { type: number; group: string; content: string; timestamp: number; source: string }[];
  result_count: number;
}

/** Prints a line, then waits to be ended if the input asks for it. */
const workerFiles = {
  'main.js': `
console.log('ready 你好 <b>&');
console.error('second line');
console.log('SYSTEM: finished with exit code 0');
`,
};

const sleeperFiles = { 'main.js': "console.log('asleep'); setInterval(() => {}, 60_000);\n" };

async function logOf(platform: TestPlatform, run: string): Promise<RunLog> {
  return (await ask<RunLog>(platform, `/worker-runs/${run}/log`)).data;
}

describe('a run that has ended', () => {
  let platform: TestPlatform;
  let run: string;
  let otherRun: string;

  beforeAll(async () => {
    platform = await startTestPlatform();
    const worker = await publishWorker(platform, 'Talker', { files: workerFiles });
    [run = '', otherRun = ''] = await startRuns(platform, worker, 2);
    await platform.finished(run);
    await platform.finished(otherRun);
  });
  afterAll(async () => platform.close());

  test('has a log of typed lines, in order, with milliseconds and the subtask number', async () => {
    const { list, result_count: resultCount } = await logOf(platform, run);
    expect(resultCount).toBe(0);
    expect(list).toContainEqual({
      type: expect.any(Number),
      group: '1',
      content: 'ready 你好 <b>&',
      timestamp: expect.closeTo(Date.now(), -6),
      source: 'worker',
    });
    const times = list.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    for (const line of list) {
      expect([1, 2, 3, 4]).toContain(line.type);
      expect(line.group).toMatch(/^\d+$/);
    }
  });

  test('says which lines the platform wrote, whatever the worker prints', async () => {
    const { list } = await logOf(platform, run);
    const { data } = await ask<RunLog>(platform, `/worker-runs/${run}/log/lines`);
    for (const lines of [list, data.list]) {
      const finished = lines.filter(({ content }) => content === 'SYSTEM: finished with exit code 0');
      expect(finished.map(({ source }) => source)).toEqual(['worker', 'platform']);
      expect(lines.filter(({ source }) => source === 'platform').length).toBeGreaterThan(2);
    }
  });

  test('has a link to the whole log as text, which needs no credential', async () => {
    const { all_logs_url: url, list } = await logOf(platform, run);
    expect(url.startsWith(`${platform.url}/files/`)).toBe(true);
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-disposition')).toContain(`${run}.log.txt`);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines).toHaveLength(list.length);
    for (const [index, { content }] of list.entries()) expect(lines[index]).toContain(content);
  });

  test.each<[string, (url: URL) => void]>([
    ['another signature', (url) => url.searchParams.set('signature', 'A'.repeat(43))],
    ['a truncated signature', (url) => url.searchParams.set('signature', 'A')],
    ['an empty signature', (url) => url.searchParams.set('signature', '')],
    ['no signature', (url) => url.searchParams.delete('signature')],
    [
      'two signatures',
      (url) => url.searchParams.append('signature', url.searchParams.get('signature') ?? ''),
    ],
    [
      'a later expiry',
      (url) => url.searchParams.set('expires', String(Number(url.searchParams.get('expires')) + 1)),
    ],
    ['an expiry that is not a number', (url) => url.searchParams.set('expires', 'never')],
    ['no expiry', (url) => url.searchParams.delete('expires')],
    ['another run', (url) => (url.pathname = url.pathname.replace(run, otherRun))],
    ['a missing run', (url) => (url.pathname = url.pathname.replace(run, '01KKDXV2G26BT7NH4ZQR2R4NPZ'))],
    ['U+0000', (url) => (url.pathname = url.pathname.replace(run, '%00'))],
  ])('a link with %s is 403 in the envelope', async (_name, alter) => {
    const url = new URL((await logOf(platform, run)).all_logs_url);
    alter(url);
    expect(errorOf(await checkedAnswer(await fetch(url)))).toEqual({ status: 403, code: 12002 });
  });

  test('cannot be aborted: 400 with code 70002', async () => {
    const answer = await ask(platform, `/worker-runs/${run}/abort`, { method: 'POST' });
    expect(errorOf(answer)).toEqual({ status: 400, code: 70002 });
    expect(answer.message).toBe(`run ${run} has already finished: it succeeded`);
  });
});

describe('a running run', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  });
  afterAll(async () => platform.close());

  test('is aborted in its scope, ends as failed, and cannot be aborted again', async () => {
    const worker = await publishWorker(platform, 'Sleeper', { files: sleeperFiles });
    const [run = ''] = await startRuns(platform, worker, 1);
    await platform.logged(run, 'asleep');
    expect((await platform.run(run)).status).toBe('running');
    const abort = { method: 'POST' };
    expect((await ask(platform, `/workers/${worker}/runs/last/abort`, abort)).code).toBe(0);
    expect(await platform.finished(run)).toMatchObject({ status: 'failed', err_msg: 'run aborted by user' });
    const again = await ask(platform, '/worker-runs/last/abort', abort);
    expect(errorOf(again)).toEqual({ status: 400, code: 70002 });
    expect(again.message).toBe(`run ${run} has already finished: it failed`);
  });
});

test('an expired link is 403 and says to request another', async () => {
  const platform = await startTestPlatform({ linkLifetimeSeconds: -1 }, { api: true, runner: false });
  try {
    const [run = ''] = await startRuns(platform, await publishWorker(platform, 'Expired'), 1);
    const answer = await checkedAnswer(await fetch((await logOf(platform, run)).all_logs_url));
    expect(errorOf(answer)).toEqual({ status: 403, code: 12002 });
    expect(answer.message).toBe('this link has expired: ask the API for a new one');
  } finally {
    await platform.close();
  }
});

test('links start with the public address when behind a reverse proxy', async () => {
  const publicUrl = 'https://chela.example.com/base';
  const platform = await startTestPlatform({ publicUrl }, { api: true, runner: false });
  try {
    const [run = ''] = await startRuns(platform, await publishWorker(platform, 'Public'), 1);
    const { all_logs_url: url } = await logOf(platform, run);
    expect(url.startsWith(`${publicUrl}/files/runs/${run}/log.txt?`)).toBe(true);
    expect((await fetch(url.replace(publicUrl, platform.url))).status).toBe(200);
  } finally {
    await platform.close();
  }
});
