/** The rows of two runs compared by a column. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { errorOf } from './checked-answer.ts';

interface Compared {
  run: { rows: number; compared: number; without_key: number; repeated: number };
  other: { rows: number; compared: number; without_key: number; repeated: number };
  added: number;
  removed: number;
  changed: number;
  unchanged: number;
  count: number;
  list: {
    change: string;
    row?: Record<string, unknown>;
    other_row?: Record<string, unknown>;
    changed_columns: string[];
  }[];
}

let platform: TestPlatform;
let worker: string;
let earlier: string;
let later: string;

/** Runs a worker that pushes these texts of JSON. @returns the slug of the run */
async function pushed(rows: readonly string[]): Promise<string> {
  const slug = await platform.runAsync(worker, {
    script: `for (const row of input.rows) await sdk.result.pushData(JSON.parse(row));`,
    rows,
    items: ['one'],
  });
  await platform.finished(slug);
  return slug;
}

const long = 'x'.repeat(3000);

beforeAll(async () => {
  platform = await startTestPlatform();
  worker = await publishScriptedWorker(platform, 'Scripted');
  earlier = await pushed([
    '{"url": "a", "price": 1, "text": "same"}',
    '{"url": "b", "price": 10, "gone": true}',
    '{"url": "c", "price": 3}',
    '{"url": "ünit 😀 \\ud800", "price": 5}',
    '{"url": "twice", "place": 1}',
    '{"url": "twice", "place": 2}',
    '{"price": 7}',
    '{"url": null}',
    '{"url": 12345678901234567890, "price": 8}',
    `{"url": "long", "text": "${long}a"}`,
  ]);
  later = await pushed([
    '{"url": "new", "price": 2}',
    '{"url": "a", "price": 1, "text": "same"}',
    '{"url": "b", "price": 12, "more": [1, "two"]}',
    '{"url": "ünit 😀 \\ud800", "price": 6}',
    '{"url": "twice", "place": 1}',
    '{"url": "twice", "place": 3}',
    '{"url": "twice", "place": 4}',
    '{"url": 12345678901234567890, "price": 8}',
    `{"url": "long", "text": "${long}b"}`,
  ]);
});
afterAll(async () => platform.close());

async function compare(run: string, parameters: Record<string, string>, key = platform.key) {
  return platform.call<Compared>(
    `/worker-runs/${run}/comparison?${String(new URLSearchParams(parameters))}`,
    {
      key,
    },
  );
}

/** One page with one entry. @returns the number of entries, and those on the page */
async function page(change: string, offset: number) {
  const parameters = { other: earlier, key: 'url', change, offset: String(offset), limit: '1' };
  const { data } = await compare(later, parameters);
  return [data.count, data.list.map(({ change: kind, row }) => [kind, row?.['url']])];
}

describe('two runs', () => {
  test('are compared by the values of a column, whatever its type', async () => {
    const { data } = await compare(later, { other: earlier, key: 'url' });
    expect(data).toMatchObject({
      run: { rows: 9, compared: 9, without_key: 0, repeated: 2 },
      other: { rows: 10, compared: 10, without_key: 2, repeated: 1 },
      added: 2,
      removed: 1,
      changed: 4,
      unchanged: 3,
      count: 7,
    });
    const shown = data.list.map(({ change, row, other_row: other, changed_columns: columns }) => [
      change,
      (row ?? other)?.['url'],
      columns,
    ]);
    expect(shown).toEqual([
      ['added', 'new', []],
      ['changed', 'b', ['price', 'more', 'gone']],
      ['removed', 'c', []],
      ['changed', 'ünit 😀 \ud800', ['price']],
      // The second of both runs; the third has no other.
      ['changed', 'twice', ['place']],
      ['added', 'twice', []],
      // Its texts differ after the part that is shown.
      ['changed', 'long', ['text']],
    ]);
    const changed = data.list[1];
    expect(changed?.row).toMatchObject({ price: 12, more: [1, 'two'], __coreclaw_data_id__: `${later}-3` });
    expect(changed?.other_row).toMatchObject({ price: 10, gone: true, __coreclaw_data_id__: `${earlier}-2` });
  });

  test('are listed by page and by kind of change', async () => {
    expect(await page('unchanged', 1)).toEqual([3, [['unchanged', 'a']]]);
    expect(await page('added,changed', 2)).toEqual([6, [['changed', 'b']]]);
    expect(await page('added', 3)).toEqual([2, []]);
  });

  test('have nothing in common by a column that no row has', async () => {
    const { data } = await compare(later, { other: earlier, key: `no 'such" key` });
    expect(data).toMatchObject({ added: 0, removed: 0, changed: 0, unchanged: 0, list: [] });
    expect([data.run.without_key, data.other.without_key]).toEqual([9, 10]);
  });

  test('may be the same run, which does not differ', async () => {
    const { data } = await compare(later, { other: later, key: 'url' });
    expect(data).toMatchObject({ added: 0, removed: 0, changed: 0, unchanged: 9, count: 0 });
  });

  test('may have no rows', async () => {
    const empty = await pushed([]);
    const { data } = await compare(empty, { other: earlier, key: 'url' });
    expect(data).toMatchObject({ added: 0, removed: 8, run: { rows: 0, compared: 0 } });
  });
});

test('runs of other accounts and unknown runs are 404', async () => {
  const { key } = await platform.otherAccount('stranger');
  expect(errorOf(await compare(later, { other: earlier, key: 'url' }, key))).toEqual({
    status: 404,
    code: 11004,
  });
  for (const other of ['nothing', '', '\ud800']) {
    expect((await compare(later, { other, key: 'url' })).status).toBeGreaterThanOrEqual(404);
  }
  expect(errorOf(await compare(later, { other: '01KKDXW7N4T0B3R6Y9Z2M5C8F1', key: 'url' }))).toEqual({
    status: 404,
    code: 11004,
  });
});

test.each([
  {},
  { key: 'url' },
  { other: 'x' },
  { other: 'x', key: 'url', change: 'moved' },
  { other: 'x', key: 'y'.repeat(1001) },
])('an incomplete or wrong request is refused: %j', async (parameters) => {
  expect((await compare(later, parameters as Record<string, string>)).status).toBe(422);
});
