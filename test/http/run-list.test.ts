import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, publishWorker, startRuns } from './packages.ts';

interface RunPage {
  count: number;
  list: RunShape[];
}

async function listedRuns(platform: TestPlatform, query: string, key?: string): Promise<string[]> {
  const answer = await ask<RunPage>(platform, `/worker-runs${query}`, { key });
  expect(answer.message).toBe('success');
  expect(answer.data.count).toBe(answer.data.list.length);
  return answer.data.list.map(({ slug }) => slug);
}

async function setCreated(platform: TestPlatform, slug: string, moment: string): Promise<void> {
  const { pool } = platform.platform.database;
  await pool.query('UPDATE run SET created_at = $2 WHERE slug = $1', [slug, moment]);
}

function seconds(moment: string): number {
  return Date.parse(moment) / 1000;
}

describe('filters', () => {
  let platform: TestPlatform;
  let worker: string;
  /** Oldest first; the first was aborted, the others are ready. */
  let runs: string[];
  let otherRun: string;
  let otherKey: string;

  beforeAll(async () => {
    platform = await startTestPlatform({}, { api: true, runner: false });
    worker = await publishWorker(platform, 'First');
    await makePublic(platform, worker);
    const second = await publishWorker(platform, 'Second');
    runs = [...(await startRuns(platform, worker, 3)), ...(await startRuns(platform, second, 1))];
    await ask(platform, `/worker-runs/${runs[0]}/abort`, { method: 'POST' });
    otherKey = (await platform.otherAccount('other')).key;
    [otherRun = ''] = await startRuns(platform, worker, 1, otherKey);
    await setCreated(platform, runs[0] ?? '', '2024-03-10T00:00:00Z');
    await setCreated(platform, runs[1] ?? '', '2024-03-10T23:59:59.999Z');
    await setCreated(platform, runs[2] ?? '', '2024-03-11T00:00:00Z');
  });
  afterAll(async () => platform.close());

  function picked(...indexes: number[]): (string | undefined)[] {
    return indexes.map((index) => runs[index]);
  }

  test('without filters it returns all runs of the account, newest first, whatever their age', async () => {
    expect(await listedRuns(platform, '')).toEqual(picked(3, 2, 1, 0));
    expect(await listedRuns(platform, '?worker_id=&status=&start_time=&end_time=')).toEqual(
      picked(3, 2, 1, 0),
    );
  });

  test('a listed run equals the run itself, without database internals', async () => {
    const { data } = await ask<RunPage>(platform, '/worker-runs?limit=1');
    expect(data.list).toEqual([
      {
        slug: runs[3],
        run_slug: runs[3],
        scraper_slug: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
        scraper_title: 'Second',
        version: 'v1.0.1',
        status: 'ready',
        results: 0,
        usage: '0.00',
        traffic: 0,
        origin: 'api_v2',
        started_at: 0,
        finished_at: 0,
        duration: 0,
        err_msg: '',
        end_reason: '',
        end_detail: {},
        pinned: false,
        labels: [],
        error_headline: '',
        task_slug: '',
        task_title: '',
      },
    ]);
    expect((await ask(platform, `/worker-runs/${runs[3]}`)).data).toEqual(data.list[0]);
  });

  test('worker_id accepts a slug or a path', async () => {
    for (const workerId of [worker, 'tester~first']) {
      expect(await listedRuns(platform, `?worker_id=${workerId}`)).toEqual(picked(2, 1, 0));
    }
  });

  test.each([
    'nobody~nothing',
    'tester~nothing',
    '01KKDXTQ8S5W1C9J4Y6M3B7A0E',
    'nonsense',
    '1',
    '~',
    '%2F',
    'x'.repeat(200),
  ])('an unknown worker_id gives an empty list: %s', async (workerId) => {
    expect(await listedRuns(platform, `?worker_id=${workerId}`)).toEqual([]);
  });

  test.each([
    ['ready', [3, 2, 1]],
    ['failed', [0]],
    ['running', []],
    ['succeeded', []],
    ['aborting', []],
  ] as const)('status=%s', async (status, indexes) => {
    expect(await listedRuns(platform, `?status=${status}`)).toEqual(picked(...indexes));
  });

  test.each([
    ['aborted', [0]],
    ['exit', []],
    ['limit,aborted,lost', [0]],
    ['partly_failed,succeeded', []],
  ] as const)('end_reason=%s', async (reasons, indexes) => {
    expect(await listedRuns(platform, `?end_reason=${reasons}`)).toEqual(picked(...indexes));
    expect(await listedRuns(platform, `?status=failed&end_reason=${reasons}`)).toEqual(picked(...indexes));
  });

  test.each([
    'x',
    'ABORTED',
    'failed',
    'aborted,',
    ',aborted',
    'aborted,x',
    'aborted&end_reason=exit',
    '0',
    '%00',
  ])('an unknown end_reason is 422: %s', async (reason) => {
    const answer = await ask(platform, `/worker-runs?end_reason=${reason}`);
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    expect(answer.message).toContain('end_reason');
  });

  test.each(['x', 'READY', 'aborted', 'ready,failed', 'ready&status=failed', '0', '%00'])(
    'an unknown status is 422: %s',
    async (status) => {
      const answer = await ask(platform, `/worker-runs?status=${status}`);
      expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    },
  );

  test('the error for an unknown status lists the valid ones', async () => {
    const answer = await ask(platform, '/worker-runs?status=done');
    expect(answer.message).toBe('status must be one of ready, running, succeeded, failed, aborting');
  });

  test.each([
    ['start_time is the first second', 'start_time=2024-03-10T00:00:00Z', [3, 2, 1, 0]],
    ['a second later', 'start_time=2024-03-10T00:00:01Z', [3, 2, 1]],
    ['start_time on the next day', 'start_time=2024-03-11T00:00:00Z', [3, 2]],
    ['end_time is a date and includes that day', 'end_time=2024-03-10T00:00:00Z', [1, 0]],
    ['end_time on the day before', 'end_time=2024-03-09T00:00:00Z', []],
    ['both on one day', 'start_time=2024-03-10T00:00:00Z&end_time=2024-03-10T00:00:00Z', [1, 0]],
    ['both over two days', 'start_time=2024-03-10T00:00:00Z&end_time=2024-03-11T00:00:00Z', [2, 1, 0]],
    ['both, spanning months', 'start_time=2023-01-01T00:00:00Z&end_time=2024-12-31T00:00:00Z', [2, 1, 0]],
    ['from the beginning', 'start_time=1970-01-01T00:00:00Z', [3, 2, 1, 0]],
  ] as const)('times: %s', async (_name, times, indexes) => {
    const query = times.replaceAll(/\d{4}-[\d:T-]+Z/g, (moment) => String(seconds(moment)));
    expect(await listedRuns(platform, `?${query}`)).toEqual(picked(...indexes));
  });

  test('filters are combined', async () => {
    const query = `?worker_id=tester~first&status=ready&end_time=${seconds('2024-03-10T00:00:00Z')}`;
    expect(await listedRuns(platform, query)).toEqual(picked(1));
  });

  test('start_time after end_time is 400 with a message', async () => {
    const answer = await ask(platform, '/worker-runs?start_time=200000&end_time=100000');
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toBe('start_time must not be after end_time');
  });

  test.each(['-1', '-99999999999999', '1e300', '-1e300', '253402300800', 'now', '2024-03-10', '1.5', 'NaN'])(
    'an invalid time is 422: %s',
    async (time) => {
      for (const name of ['start_time', 'end_time']) {
        const answer = await ask(platform, `/worker-runs?${name}=${time}`);
        expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
        expect(answer.message).toContain(name);
      }
    },
  );

  test('another account sees only its own runs, even of a public worker, and finds no others by slug', async () => {
    expect(await listedRuns(platform, '', otherKey)).toEqual([otherRun]);
    expect(await listedRuns(platform, `?worker_id=${worker}`, otherKey)).toEqual([otherRun]);
    expect(await listedRuns(platform, '?worker_id=tester~second', otherKey)).toEqual([]);
  });
});

describe('with the strict month setting', () => {
  let platform: TestPlatform;
  let runs: string[];

  beforeAll(async () => {
    platform = await startTestPlatform({ strictRunMonth: true }, { api: true, runner: false });
    runs = await startRuns(platform, await publishWorker(platform, 'Strict'), 3);
    await setCreated(platform, runs[0] ?? '', '2024-02-29T23:59:59Z');
    await setCreated(platform, runs[1] ?? '', '2024-03-31T12:00:00Z');
  });
  afterAll(async () => platform.close());

  test('without times it returns the current month', async () => {
    expect(await listedRuns(platform, '')).toEqual([runs[2]]);
  });

  test('two times within one month select what lies between, the last day included', async () => {
    const query = `?start_time=${seconds('2024-03-01T00:00:00Z')}&end_time=${seconds('2024-03-31T00:00:00Z')}`;
    expect(await listedRuns(platform, query)).toEqual([runs[1]]);
  });

  test.each([
    ['start_time=1709251200', 'start_time and end_time must be given together'],
    ['end_time=1709251200', 'start_time and end_time must be given together'],
    ['start_time=1709251200&end_time=', 'start_time and end_time must be given together'],
    [
      'start_time=1709164800&end_time=1709251200',
      'start_time and end_time must be within one calendar month',
    ],
    [
      'start_time=1677628800&end_time=1709251200',
      'start_time and end_time must be within one calendar month',
    ],
    ['start_time=1709337600&end_time=1709251200', 'start_time must not be after end_time'],
  ])('other times are 400 and say why: %s', async (query, message) => {
    const answer = await ask(platform, `/worker-runs?${query}`);
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toBe(message);
  });
});

describe('search and order', () => {
  let platform: TestPlatform;
  /** Oldest first, with 5, 7 and 6 rows; the last two belong to a worker with another name. */
  let runs: string[];

  beforeAll(async () => {
    platform = await startTestPlatform({}, { api: true, runner: false });
    const first = await publishWorker(platform, 'Shop prices 100%');
    const second = await publishWorker(platform, 'Flights');
    runs = [...(await startRuns(platform, first, 1)), ...(await startRuns(platform, second, 2))];
    const { pool } = platform.platform.database;
    const figures = [5, 7, 6].map((results, index) => [runs[index], results] as const);
    for (const [slug, results] of figures) {
      await pool.query(
        `UPDATE run SET result_count = $2::int, traffic_bytes = $2::int, usage = $2::int, status = 'succeeded', started_at = now(),
           finished_at = now() + make_interval(secs => $2::int) WHERE slug = $1`,
        [slug, results],
      );
    }
    await pool.query(
      `UPDATE run SET status = 'ready', started_at = NULL, finished_at = NULL WHERE slug = $1`,
      [runs[2]],
    );
  });
  afterAll(async () => platform.close());

  test.each([
    ['flig', [2, 1]],
    ['PRICES', [0]],
    ['100%25', [0]],
    ['%25', [0]],
    ['_', []],
    ['nothing', []],
  ])('keyword=%s', async (keyword, indexes) => {
    expect(await listedRuns(platform, `?keyword=${keyword}`)).toEqual(indexes.map((index) => runs[index]));
  });

  test('a keyword also matches the start of a slug, in lower case too', async () => {
    expect(await listedRuns(platform, `?keyword=${runs[0]}`)).toEqual([runs[0]]);
    expect(await listedRuns(platform, `?keyword=${runs[1]?.slice(0, 25).toLowerCase()}`)).toContain(runs[1]);
    expect(await listedRuns(platform, `?keyword=${runs[1]?.slice(0, 6)}`)).toContain(runs[1]);
    expect(await listedRuns(platform, `?keyword=${runs[1]?.slice(0, 3)}`)).toEqual([]);
  });

  test.each([
    ['created_at', [0, 1, 2]],
    ['-created_at', [2, 1, 0]],
    ['results', [0, 2, 1]],
    ['-results', [1, 2, 0]],
    ['-traffic', [1, 2, 0]],
    ['usage', [0, 2, 1]],
    // A queued run has no duration yet, and comes last in both orders.
    ['-duration', [1, 0, 2]],
    ['duration', [0, 1, 2]],
  ])('sort=%s', async (sort, indexes) => {
    expect(await listedRuns(platform, `?sort=${sort}`)).toEqual(indexes.map((index) => runs[index]));
  });

  test('pages are consecutive parts of the sorted list', async () => {
    const pages: string[][] = [];
    for (const offset of [1, 2]) {
      const { data } = await ask<RunPage>(platform, `/worker-runs?sort=-results&limit=2&offset=${offset}`);
      pages.push(data.list.map(({ slug }) => slug));
    }
    expect(pages).toEqual([[runs[1], runs[2]], [runs[0]]]);
  });

  test('an unknown sort order is 422', async () => {
    expect(errorOf(await ask(platform, '/worker-runs?sort=title'))).toEqual({ status: 422, code: 11000 });
  });
});
