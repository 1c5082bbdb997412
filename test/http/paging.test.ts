import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { thirdPartyWorkerFolder } from '../fixtures/third-party-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, publishWorker, startRuns } from './packages.ts';

interface PageData {
  count: number;
  list: Record<string, unknown>[];
  page_index: number;
  page_size: number;
}

const itemCount = 25;

let platform: TestPlatform;
let listerKey: string;
/** Identifiers of the items of every list, in list order. */
const expected: Record<string, unknown[]> = {};

beforeAll(async () => {
  platform = await startTestPlatform();
  const worker = await platform.publish(thirdPartyWorkerFolder, 'Rows');
  await platform.runSync(worker, { items: ['only'], rows: itemCount });
  const rows = Array.from({ length: itemCount }, (_, index) => index);
  expected['/worker-runs/last/result'] = rows;

  const { id, key } = await platform.otherAccount('lister');
  listerKey = key;
  const workers: string[] = [];
  for (let index = 0; index < itemCount; index += 1) {
    workers.push(await publishWorker(platform, `Worker ${index}`, { key }));
  }
  for (const worker of workers) await makePublic(platform, worker);
  expected['/store'] = workers.toReversed();
  expected['/workers'] = workers.toReversed();

  const [first = ''] = workers;
  const runs = await startRuns(platform, first, itemCount, key);
  // All at the same time: only a tiebreaker orders them.
  await platform.platform.database.pool.query('UPDATE run SET created_at = now() WHERE account_id = $1', [
    id,
  ]);
  expected['/worker-runs'] = runs.toReversed();
});
afterAll(async () => platform.close());

const lists = [
  ['/workers', 'slug'],
  ['/store', 'slug'],
  ['/worker-runs', 'slug'],
  ['/worker-runs/last/result', 'index'],
] as const;

async function page(path: string, query: string) {
  const key = path.endsWith('/result') ? platform.key : listerKey;
  return ask<PageData>(platform, `${path}${query}`, { key });
}

describe.each(lists)('%s', (path, identifier) => {
  async function identifiers(query: string): Promise<unknown[]> {
    return (await page(path, query)).data.list.map((item) => item[identifier]);
  }

  test('pages return each item once, in a stable order, and are full except the last', async () => {
    const pages = await Promise.all(
      [1, 2, 3, 4].map(async (number) => identifiers(`?offset=${number}&limit=7`)),
    );
    expect(pages.map(({ length }) => length)).toEqual([7, 7, 7, 4]);
    expect(pages.flat()).toEqual(expected[path]);
  });

  test.each([
    ['', 1, 20],
    ['?offset=1', 1, 20],
    ['?offset=0', 1, 20],
    ['?offset=0&limit=5', 1, 5],
    ['?offset=2', 2, 20],
    ['?limit=100', 1, 100],
    ['?limit=1&offset=25', 25, 1],
    ['?limit=&offset=', 1, 20],
    ['?limit=&offset=2', 2, 20],
  ])('%j is page %i of size %i', async (query, number, size) => {
    const { data } = await page(path, query);
    expect(data).toMatchObject({ count: itemCount, page_index: number, page_size: size });
    const items = expected[path]?.slice((number - 1) * size, number * size);
    expect(data.list.map((item) => item[identifier])).toEqual(items);
  });

  test.each([
    '?offset=3',
    '?offset=26&limit=1',
    '?offset=1000000',
    `?offset=${Number.MAX_SAFE_INTEGER}&limit=100`,
  ])('a page past the end is empty and keeps the total: %s', async (query) => {
    const { data } = await page(path, query);
    expect(data).toMatchObject({ count: itemCount, list: [] });
  });

  test.each([
    ['?offset=-1', 'offset must be at least 0'],
    ['?offset=9007199254740992', 'offset must be at most 9007199254740991'],
    ['?offset=1e300', 'offset must be at most 9007199254740991'],
    ['?offset=1.5', 'offset must be an integer'],
    ['?offset=two', 'offset must be an integer'],
    ['?offset=1&offset=2', 'offset must be an integer'],
    ['?limit=0', 'limit must be at least 1'],
    ['?limit=-1', 'limit must be at least 1'],
    ['?limit=101', 'limit must be at most 100'],
    ['?limit=ten', 'limit must be an integer'],
    ['?limit=NaN', 'limit must be an integer'],
    ['?limit=Infinity', 'limit must be at most 100'],
  ])('an invalid page is 422 and says why: %s', async (query, reason) => {
    const answer = await page(path, query);
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    expect(answer.message).toBe(reason);
    expect(answer.details).toEqual([reason]);
  });
});

test('two wrong values are both reported', async () => {
  const answer = await page('/workers', '?offset=-1&limit=0');
  expect(answer.details).toEqual(['offset must be at least 0', 'limit must be at least 1']);
});

describe('the page of a synchronous response', () => {
  test.each([
    [{}, 1, 20],
    [{ offset: 0, limit: 2 }, 1, 2],
    [{ offset: 2, limit: 2 }, 2, 2],
    [{ offset: 9, limit: 100 }, 9, 100],
  ])('%j is page %i of size %i', async (window, number, size) => {
    const answer = await ask<{ is_finished: boolean; results: PageData }>(
      platform,
      '/workers/tester~rows/runs',
      {
        body: { is_async: false, ...window, input: { parameters: { custom: { items: ['only'], rows: 5 } } } },
      },
    );
    const { is_finished: isFinished, results } = answer.data;
    expect(isFinished).toBe(true);
    expect(results).toMatchObject({ count: 5, page_index: number, page_size: size });
    expect(results.list.map(({ index }) => index)).toEqual(
      [0, 1, 2, 3, 4].slice((number - 1) * size, number * size),
    );
  });

  test.each<[Record<string, unknown>, string]>([
    [{ offset: -1 }, 'offset must be at least 0'],
    [{ offset: 1e20 }, 'offset must be at most 9007199254740991'],
    [{ limit: 0 }, 'limit must be at least 1'],
    [{ limit: 101 }, 'limit must be at most 100'],
    [{ limit: '10' }, 'limit must be an integer'],
    [{ limit: null }, 'limit must be an integer'],
  ])('%j is 422, and no run is made', async (window, reason) => {
    const before = (await ask<PageData>(platform, '/worker-runs')).data.count;
    const answer = await ask(platform, '/workers/tester~rows/runs', { body: { is_async: false, ...window } });
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    expect(answer.details).toEqual([reason]);
    expect((await ask<PageData>(platform, '/worker-runs')).data.count).toBe(before);
  });
});
