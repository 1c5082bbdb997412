/** Filters, orders and searches of a run's rows, in lists and exports; and pages of rows of any size. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

interface Found {
  count: number;
  searched?: number;
  total?: number;
  is_complete?: boolean;
  list: Record<string, unknown>[];
}

let platform: TestPlatform;
let worker: string;
let slug: string;

const rows: readonly Record<string, unknown>[] = [
  { name: 'Lamp', price: 9.5, at: '2026-05-01T10:00:00Z', 'a.b "c"': 'x', tags: ['red', 'blue'] },
  { name: 'lampshade', price: '10', at: '2026-05-31 23:59', 'a.b "c"': 'y%_\\' },
  { name: 'Table', price: 100, at: '2026-06-01', note: '' },
  { name: 'chair', price: null, at: 'soon', ['__proto__']: 'own' },
  { name: 'Ünit 😀', price: 'on request', big: '@@12345678901234567890' },
  { name: '(.*)+$', price: -3, note: '\u0000 zero' },
  { name: 'half \ud800 pair', price: 2e3, note: 'C:\\u0000' },
];

beforeAll(async () => {
  platform = await startTestPlatform();
  worker = await publishScriptedWorker(platform, 'Scripted');
  slug = await platform.runAsync(worker, {
    script: `for (const row of input.rows) await sdk.result.pushData(JSON.parse(row));`,
    rows: rows.map((row) =>
      JSON.stringify({ ...row }).replace('"@@12345678901234567890"', '12345678901234567890'),
    ),
    items: ['one'],
  });
  await platform.finished(slug);
});
afterAll(async () => platform.close());

function query(parameters: Record<string, unknown>): string {
  const given = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return new URLSearchParams(given).toString();
}

/** Places of the selected rows in `rows`. */
async function select(parameters: Record<string, unknown>): Promise<number[]> {
  const { data, message, status } = await platform.call<Found>(
    `/worker-runs/${slug}/result?${query(parameters)}`,
  );
  expect([status, message]).toEqual([200, 'success']);
  expect(data).toMatchObject({
    count: data.list.length,
    searched: rows.length,
    total: rows.length,
    is_complete: true,
  });
  return data.list.map((row) => Number(String(row['__coreclaw_data_id__']).split('-')[1]) - 1);
}

const filtered = (filter: Record<string, unknown>) => select({ filter: [filter] });

describe('filters', () => {
  test.each([
    ['contains ignores case', { key: 'name', operator: 'contains', value: 'LAMP' }, [0, 1]],
    ['contains finds other alphabets', { key: 'name', operator: 'contains', value: 'ünit 😀' }, [4]],
    ['contains takes wildcards literally', { key: 'a.b "c"', operator: 'contains', value: '%_\\' }, [1]],
    ['contains takes expressions literally', { key: 'name', operator: 'contains', value: '(.*)+$' }, [5]],
    ['contains looks into nested values', { key: 'tags', operator: 'contains', value: 'blue' }, [0]],
    ['contains of nothing finds every value', { key: 'note', operator: 'contains', value: '' }, [2, 5, 6]],
    ['equals compares exactly', { key: 'name', operator: 'equals', value: 'Lamp' }, [0]],
    ['equals compares numbers by value', { key: 'price', operator: 'equals', value: '10.0' }, [1]],
    ['equals takes numbers', { key: 'price', operator: 'equals', value: 2000 }, [6]],
    ['equals keeps all digits', { key: 'big', operator: 'equals', value: '12345678901234567891' }, []],
    ['equals keeps escaped backslashes', { key: 'note', operator: 'equals', value: 'C:\\u0000' }, [6]],
    [
      'equals finds what text cannot hold as U+FFFD',
      { key: 'note', operator: 'equals', value: '\ufffd zero' },
      [5],
    ],
    ['equals finds own keys of any name', { key: '__proto__', operator: 'equals', value: 'own' }, [3]],
    ['empty finds null, absent and ""', { key: 'note', operator: 'empty' }, [0, 1, 2, 3, 4]],
    ['not empty is the opposite', { key: 'note', operator: 'not_empty' }, [5, 6]],
    ['an unknown key is always empty', { key: 'nowhere', operator: 'not_empty' }, []],
    [
      'a range includes both ends and numbers in texts',
      { key: 'price', operator: 'range', from: 9.5, to: 10 },
      [0, 1],
    ],
    ['a range may be open', { key: 'price', operator: 'range', to: 9 }, [5]],
    [
      'a range of dates includes the last day',
      { key: 'at', operator: 'range', from: '2026-05-01', to: '2026-05-31' },
      [0, 1],
    ],
    [
      'a range of moments compares as far as it goes',
      { key: 'at', operator: 'range', from: '2026-05-31T23:59' },
      [1, 2],
    ],
  ])('%s', async (_, filter, expected) => {
    expect(await filtered(filter)).toEqual(expected.toSorted((one, other) => one - other));
  });

  test('apply together, and with a search', async () => {
    const dear = { key: 'price', operator: 'range', from: 10 };
    expect(await select({ filter: [dear, { key: 'at', operator: 'not_empty' }] })).toEqual([1, 2]);
    expect(await select({ filter: [dear], search: 'TABLE' })).toEqual([2]);
  });
});

describe('an order', () => {
  test('sorts numbers before texts, and rows without a value last', async () => {
    expect(await select({ sort: 'price' })).toEqual([5, 0, 1, 2, 6, 4, 3]);
    expect(await select({ sort: 'price', order: 'desc' })).toEqual([4, 6, 2, 1, 0, 5, 3]);
  });

  test('ignores case, and keeps the order of arrival of equal values', async () => {
    expect(await select({ sort: 'name' })).toEqual([5, 3, 6, 0, 1, 2, 4]);
    expect(await select({ sort: 'nowhere' })).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('applies to filtered rows, page by page', async () => {
    const path = `/worker-runs/${slug}/result?${query({ sort: 'price', order: 'desc', search: 'a', limit: 1, offset: 2 })}`;
    const { data } = await platform.call<Found>(path);
    expect(data.count).toBe(5);
    expect(data.list).toMatchObject([{ name: 'Table' }]);
  });
});

test.each([
  ['sorted rows', { sort: 'price', order: 'asc' }, 3, 4],
  ['found rows', { search: 'la' }, 2, 2],
  ['all rows', {}, 3, 3],
  ['rows without it', { search: 'la' }, 3, undefined],
  ['rows of a run with fewer', {}, 100, undefined],
])('the place of a row among %s', async (_rows, parameters, number, place) => {
  const path = `/worker-runs/${slug}/result/search?${query({ ...parameters, place_of: number })}`;
  expect((await platform.call<{ place?: number }>(path)).data.place).toBe(place);
});

test('large pages of the step-by-step search are sorted too', async () => {
  const { data } = await platform.call<Found>(
    `/worker-runs/${slug}/result/search?${query({ sort: 'price', limit: 2 })}`,
  );
  expect(data).toMatchObject({ count: 7, is_complete: true, list: [{ price: -3 }, { price: 9.5 }] });
});

describe('invalid parameters are refused with the reason:', () => {
  test.each([
    [{ filter: 'x' }, 'filter is not valid JSON'],
    [{ filter: {} }, 'filter must be a JSON array of conditions'],
    [{ filter: ['x'] }, 'condition 1 of filter must be an object with key and operator'],
    [
      { filter: Array.from({ length: 21 }, () => ({ key: 'a', operator: 'empty' })) },
      'filter has 21 conditions, but the limit is 20',
    ],
    [
      { filter: [{ key: 'a', operator: 'like' }] },
      'operator of condition 1 of filter must be one of contains, equals,',
    ],
    [{ filter: [{ key: 1, operator: 'empty' }] }, 'key of condition 1 of filter must be a string'],
    [
      { filter: [{ key: 'a', operator: 'empty', value: 1 }] },
      'condition 1 of filter has the field "value", but empty takes only key, operator',
    ],
    [
      { filter: [{ key: 'a', operator: 'equals', value: {} }] },
      'value of condition 1 of filter must be a string, a number, true or false',
    ],
    [
      { filter: '[{"key":"a\\u0000","operator":"empty"}]' },
      'key of condition 1 of filter must not contain U+0000 or lone surrogates',
    ],
    [
      { filter: '[{"key":"a","operator":"equals","value":"\\ud800"}]' },
      'value of condition 1 of filter must not contain',
    ],
    [
      { filter: [{ key: 'a', operator: 'contains', value: 'x'.repeat(1001) }] },
      'value of condition 1 of filter has 1001 characters, but the limit is 1000',
    ],
    [{ filter: [{ key: 'a', operator: 'range' }] }, 'condition 1 of filter needs from, to or both'],
    [
      { filter: [{ key: 'a', operator: 'range', to: '2026-13-45' }] },
      'to of condition 1 of filter must be a number',
    ],
    [
      { filter: [{ key: 'a', operator: 'range', from: '10' }] },
      'from of condition 1 of filter must be a number',
    ],
    [
      { filter: '[{"key":"a","operator":"range","from":1e400}]' },
      'from of condition 1 of filter must be a number',
    ],
    [
      { filter: [{ key: 'a', operator: 'range', from: 1, to: '2026-01-01' }] },
      'from and to of condition 1 of filter must both be numbers or both be dates',
    ],
    [{ sort: 'price', order: 'up' }, 'order'],
    [{ sort: 'price', after: 'x' }, 'after cannot be combined with search, filter and sort'],
    [{ filter: '['.repeat(300) }, 'filter is not valid JSON: the JSON is nested deeper'],
  ])('%j', async (parameters, message) => {
    const answers = await Promise.all(
      ['result', ...('after' in parameters ? [] : ['result/search', 'result/export'])].map((part) =>
        platform.call(`/worker-runs/${slug}/${part}?${query(parameters)}`),
      ),
    );
    for (const answer of answers) {
      expect([400, 422]).toContain(answer.status);
      expect(answer.message).toContain(message);
    }
  });

  test('a filter of a megabyte', async () => {
    const answer = await fetch(
      `${platform.url}/api/v2/worker-runs/${slug}/result?filter=${'x'.repeat(2 ** 20)}`,
      {
        headers: { authorization: `Bearer ${platform.key}` },
      },
    );
    expect(answer.status).toBe(400);
  });
});

test('rows of another account are 404', async () => {
  const { key } = await platform.otherAccount('stranger');
  for (const part of ['result', 'result/search', 'result/export']) {
    const answer = await platform.call(`/worker-runs/${slug}/${part}?sort=price`, { key });
    expect(answer.status).toBe(404);
  }
});

async function exported(parameters: Record<string, unknown>): Promise<string> {
  const path = `/worker-runs/${slug}/result/export?${query({ ...parameters, wait_seconds: 100 })}`;
  const { data, message } = await platform.call<{ download_url: string }>(path);
  expect(message).toBe('success');
  const file = await fetch(data.download_url);
  return file.text();
}

describe('an export', () => {
  test('has the selected rows in the selected order', async () => {
    const selection = {
      sort: 'price',
      order: 'desc',
      filter: [{ key: 'name', operator: 'contains', value: 'a' }],
    };
    const text = await exported({ ...selection, format: 'csv', filter_keys: 'name,price' });
    expect(text.split('\r\n')).toEqual([
      'name,price',
      expect.stringMatching(/^half . pair,2000$/u),
      'Table,100',
      'lampshade,10',
      'Lamp,9.5',
      'chair,',
      '',
    ]);
    expect(await exported({ format: 'jsonl', filter_keys: 'name', search: 'table' })).toBe(
      '{"name":"Table"}\n',
    );
    expect(await exported({ format: 'json', search: 'nowhere' })).toBe('[]\n');
  });

  test('names rows by their number in the run', async () => {
    const text = await exported({
      format: 'rss',
      sort: 'price',
      filter: [{ key: 'price', operator: 'equals', value: -3 }],
    });
    expect(text).toContain(`<guid isPermaLink="false">${slug}-6</guid>`);
    expect(await exported({ format: 'html', search: 'table' })).toContain('<tr><td>3</td><td>Table</td>');
  });

  test('reports the number of selected rows, also of those made before', async () => {
    const path = `/worker-runs/${slug}/result/export?${query({ format: 'csv', search: 'lamp', wait_seconds: 100 })}`;
    const [first, second] = [
      await platform.call<{ export_slug: string }>(path),
      await platform.call<{ export_slug: string }>(path),
    ];
    expect(second.data.export_slug).toBe(first.data.export_slug);
    const { data } = await platform.call(`/worker-runs/${slug}/exports/${first.data.export_slug}`);
    expect(data).toMatchObject({ state: 'ready', rows: 2, rows_done: 2 });
    const other = await platform.call<{ export_slug: string }>(path.replace('lamp', 'table'));
    expect(other.data.export_slug).not.toBe(first.data.export_slug);
  });
});

describe('rows of a megabyte', () => {
  const size = 1_000_000;
  let large: string;
  beforeAll(async () => {
    large = await platform.runAsync(worker, {
      script: `
        const picture = require('crypto').randomBytes(${(size / 4) * 3}).toString('base64');
        const texts = [picture, picture.slice(1) + 'é', picture.slice(2) + '\\n', 'short'];
        for (const text of texts) await sdk.result.pushData({ 'key "1"': 12.50, text, list: [text] });`,
      items: ['one'],
    });
    await platform.finished(large);
  });

  test('are listed whole, one after the other', async () => {
    const { data } = await platform.call<Found>(`/worker-runs/${large}/result`);
    expect(data.count).toBe(4);
    expect(data.list.map((row) => String(row['text']).length)).toEqual([size, size, size - 1, 5]);
    const some = await platform.call<Found>(
      `/worker-runs/${large}/result?filter_keys=text&sort=text&order=desc`,
    );
    expect(some.data.list.map((row) => Object.keys(row).length)).toEqual([2, 2, 2, 2]);
    expect(some.data).toMatchObject({ count: 4, is_complete: true });
  });

  test('are cut for tables, with the lengths of what was cut', async () => {
    const { data } = await platform.call<Found>(`/worker-runs/${large}/result?text_limit=100`);
    const lengths = data.list.map((row) => row['__coreclaw_cut__']);
    expect(lengths).toEqual([
      { text: size, list: size },
      { text: size, list: size },
      { text: size - 1, list: size - 1 },
      undefined,
    ]);
    for (const row of data.list.slice(0, 3)) {
      expect(row).toMatchObject({
        'key "1"': 12.5,
        text: expect.stringMatching(/^.{100}$/),
        list: [expect.stringMatching(/^.{100}$/)],
      });
      expect(Object.keys(row).slice(0, 3)).toEqual(['key "1"', 'text', 'list']);
    }
  });

  test('are the results of a synchronous run, and events of its stream', async () => {
    const script = `await sdk.result.pushData({ text: require('crypto').randomBytes(300000).toString('base64') });`;
    const answer = await platform.runSync(worker, { script, items: ['one'] });
    expect(String(answer.results.list[0]?.['text'])).toHaveLength(400_000);
    const stream = await fetch(`${platform.url}/api/v2/worker-runs/${answer.run_slug}/events`, {
      headers: { authorization: `Bearer ${platform.key}` },
    });
    const text = await stream.text();
    expect(text.length).toBeGreaterThan(400_000);
    expect(text).toContain('event: end');
  });
});
