/** Data for the page of a run: windows of the log, search in rows, subtasks, queue position, progress of exports. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { eventually } from '../platform/support/eventually.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

interface Search {
  count: number;
  searched: number;
  is_complete: boolean;
}
interface Lines extends Search {
  position: number;
  lines: { debug: number; info: number; warn: number; error: number };
  list: { number: number; type: number; group: string; content: string; is_cut: boolean }[];
}
interface Matches extends Search {
  first: number;
  list: { number: number; position: number }[];
}
interface Rows extends Search {
  total: number;
  list: Record<string, unknown>[];
}
interface Subtask {
  number: number;
  status: string;
  exit_code: number;
  err_msg: string;
  results: number;
  attempt: number;
  input?: unknown;
}

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

async function runToEnd(script: string, items: string[] = ['one']): Promise<string> {
  const slug = await platform.runAsync(worker, { script, items });
  await platform.finished(slug);
  return slug;
}

/** Repeats the request until the search is complete. */
async function complete<Data extends Search>(path: string): Promise<Data> {
  for (;;) {
    const { data } = await platform.call<Data>(path);
    if (data.is_complete) return data;
  }
}

/** Appends lines to the log of a run. */
async function insertLines(slug: string, count: number): Promise<number> {
  const { pool } = platform.platform.database;
  const { rows } = await pool.query<{ first: number }>(
    `WITH target AS (SELECT id, day FROM run WHERE slug = $1), counted AS (
       UPDATE run_log SET info_lines = info_lines + $2::int - $2::int / 1000, error_lines = error_lines + $2::int / 1000
       FROM target WHERE run_log.run_id = target.id
       RETURNING debug_lines + info_lines + warn_lines + error_lines - $2::int AS before
     ), added AS (
       INSERT INTO log_line (day, run_id, id, subtask, type, content, logged_at)
       SELECT day, id, before + i, 1 + i % 3, CASE WHEN i % 1000 = 0 THEN 4 ELSE 2 END, 'inserted ' || i, now()
       FROM target, counted, generate_series(1, $2::int) AS i
     ) SELECT before + 1 AS first FROM counted`,
    [slug, count],
  );
  return rows[0]?.first ?? 0;
}

describe('windows of a log', () => {
  let slug: string;
  let total: number;
  /** Number of the first inserted line. */
  let first: number;
  const inserted = 50_000;
  beforeAll(async () => {
    slug = await runToEnd(`
      await sdk.log.debug('a detail'); await sdk.log.warn('100% _sure_ \\\\ Grün');
      console.log('x'.repeat(20000));`);
    first = await insertLines(slug, inserted);
    total = first + inserted - 1;
  });
  const lines = async (query: string) => complete<Lines>(`/worker-runs/${slug}/log/lines?${query}`);

  test('are numbered from 1 without gaps, and start at any position', async () => {
    const start = await lines('limit=100');
    expect(start).toMatchObject({ count: total, searched: total, is_complete: true, position: 1 });
    expect(start.list.map(({ number }) => number)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    const middle = await lines(`position=${first + 30_000}&limit=2`);
    expect(middle.list).toMatchObject([
      { content: 'inserted 30001' },
      { content: 'inserted 30002', group: '3' },
    ]);
    const end = await lines('position=-2&limit=500');
    expect(end).toMatchObject({ position: total - 1, list: [{}, { content: `inserted ${inserted}` }] });
    expect((await lines(`position=${total + 1}`)).list).toEqual([]);
    expect(Object.values(start.lines).reduce((sum, count) => sum + count)).toBe(total);
  });

  test('filtered by level, subtask and words have their own positions', async () => {
    const errors = await lines('levels=4&position=2&limit=2');
    expect(errors.count).toBe(errors.lines.error);
    expect(errors.list.at(-1)).toMatchObject({ type: 4, content: 'inserted 3000' });
    const ofOne = await lines('levels=2&subtask=1&search=INSERTED&position=-1');
    expect(ofOne.list).toMatchObject([{ group: '1', content: 'inserted 49998' }]);
    // Every third line belongs to subtask 1, and every thousandth of those is an error.
    expect(ofOne.count).toBe(Math.floor(inserted / 3) - Math.floor(inserted / 3000));
    expect((await lines('search=100%25%20_sure_%20%5C%20gR%C3%BCN')).count).toBe(1);
    expect((await lines('search=100x')).count).toBe(0);
  });

  test('cut lines that are too long', async () => {
    const { list } = await lines('search=xxxxxxxx');
    expect(list).toMatchObject([{ is_cut: true }]);
    expect(list[0]?.content).toHaveLength(16_384);
  });

  test('grow with the log', async () => {
    const before = await lines('levels=2');
    await insertLines(slug, 10);
    total += 10;
    expect((await lines('levels=2')).count).toBe(before.count + 10);
    expect((await lines('')).count).toBe(total);
  });

  test('are limited, and refuse an invalid level or position', async () => {
    const queries = ['levels=5', 'limit=501', 'position=x', 'subtask=-1', `search=${'x'.repeat(201)}`];
    const answers = queries.map(async (query) => platform.call(`/worker-runs/${slug}/log/lines?${query}`));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual(queries.map(() => 422));
  });

  test('mark where words occur among the lines shown', async () => {
    const all = await complete<Matches>(`/worker-runs/${slug}/log/matches?search=inserted 5000&limit=3`);
    expect(all).toMatchObject({ count: 2, first: 1 });
    expect(all.list).toEqual([
      { number: first + 4999, position: first + 4999 },
      { number: first + 49_999, position: first + 49_999 },
    ]);
    const path = `/worker-runs/${slug}/log/matches?search=000&levels=4`;
    const errors = await complete<Matches>(`${path}&from_position=10&limit=1`);
    expect(errors.list[0]?.position).toBeGreaterThanOrEqual(10);
    const next = await complete<Matches>(`${path}&first=${errors.first + 1}&limit=1`);
    expect(next.list[0]?.position).toBe((errors.list[0]?.position ?? 0) + 1);
    expect((await complete<Matches>(`${path}&first=-1`)).list).toHaveLength(1);
    expect((await platform.call(`/worker-runs/${slug}/log/matches`)).status).toBe(422);
  });

  test('are available for the last run too, but not for other accounts', async () => {
    expect((await platform.call<Lines>(`/workers/${worker}/runs/last/log/lines`)).data.count).toBe(total);
    expect((await platform.call<Lines>('/worker-runs/last/log/matches?search=detail')).data.count).toBe(1);
    const { key } = await platform.otherAccount('reader');
    const paths = [
      'log/lines',
      'log/matches?search=a',
      'result/search?search=a',
      'subtasks',
      'subtasks/1',
      'waiting',
    ];
    const answers = paths.map(async (path) => platform.call(`/worker-runs/${slug}/${path}`, { key }));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(paths.map(() => 404));
  });
});

describe('search in rows', () => {
  /** Spelled exactly as workers in other languages write it. */
  const texts = [
    String.raw`{"name": "Grüße", "city": "B\u00e4rlin", "more": {"colour": ["Light Blue"]}}`,
    String.raw`{"name": "quote \" and \\ slash", "html": "\u003cb\u003e"}`,
    String.raw`{"name": "broken \u0000 and \ud800", "number": 12345678901234567890}`,
    String.raw`{"name": "100%", "name_": "x"}`,
  ];
  let slug: string;
  beforeAll(async () => {
    slug = await runToEnd('for (let row = 0; row < 4; row += 1) await sdk.result.pushData({ row });');
    await platform.platform.database.pool.query(
      `UPDATE result_row SET data = text.data FROM run, unnest($2::json[]) WITH ORDINALITY AS text (data, place)
       WHERE run.slug = $1 AND run_id = run.id AND number = place - 1`,
      [slug, texts],
    );
  });
  const find = async (words: string) => {
    const path = `/worker-runs/${slug}/result/search?search=${encodeURIComponent(words)}`;
    const { list, count, total } = await complete<Rows>(path);
    expect(total).toBe(4);
    expect(list).toHaveLength(count);
    return list.map((row) => Number(String(row['__coreclaw_data_id__']).split('-')[1]));
  };

  test.each([
    ['GRÜßE', [1]],
    ['grüsse', []],
    ['BÄRLIN', [1]],
    ['light blue', [1]],
    ['quote " and \\', [2]],
    ['<B>', [2]],
    ['broken', [3]],
    ['100%', [4]],
    ['%', [4]],
    ['x', [4]],
  ])('finds %s in its rows', async (words, found) => {
    expect(await find(words)).toEqual(found);
  });

  test('searches values, not keys', async () => {
    expect(await find('city')).toEqual([]);
    expect(await find('name_')).toEqual([]);
  });

  test('returns only the selected columns, as pages of rows do', async () => {
    const found = await complete<Rows>(
      `/worker-runs/${slug}/result/search?search=x&filter_keys=name_,missing`,
    );
    expect(found.list).toEqual([{ name_: 'x', __coreclaw_data_id__: `${slug}-4` }]);
    const { data } = await platform.call<Rows>(`/worker-runs/${slug}/result?limit=1&filter_keys=name`);
    expect(data.list).toEqual([{ name: 'Grüße', __coreclaw_data_id__: `${slug}-1` }]);
  });
});

describe('text_limit', () => {
  let slug: string;
  beforeAll(async () => {
    slug = await runToEnd(`
      await sdk.result.pushData({ name: 'short', shot: 'iVBORw0KGgo' + 'A'.repeat(3_000_000) });
      await sdk.result.pushData({ name: 'nested', parts: [{ text: 'é'.repeat(150) }, 'y'], emoji: 'x'.repeat(99) + '😀' });
      await sdk.result.pushData({ name: 'exact', text: 'x'.repeat(100) });`);
  });

  test('cuts longer texts at any depth, and says which columns they are in', async () => {
    const { data } = await platform.call<Rows>(`/worker-runs/${slug}/result?text_limit=100`);
    expect(data.list).toEqual([
      {
        name: 'short',
        shot: `iVBORw0KGgo${'A'.repeat(89)}`,
        __coreclaw_data_id__: `${slug}-1`,
        __coreclaw_cut__: { shot: 3_000_011 },
      },
      {
        name: 'nested',
        parts: [{ text: 'é'.repeat(100) }, 'y'],
        emoji: 'x'.repeat(99),
        __coreclaw_data_id__: `${slug}-2`,
        __coreclaw_cut__: { parts: 150, emoji: 101 },
      },
      { name: 'exact', text: 'x'.repeat(100), __coreclaw_data_id__: `${slug}-3` },
    ]);
  });

  test('works with a search, with filter_keys and with after; rows are whole without it', async () => {
    const found = await complete<Rows>(
      `/worker-runs/${slug}/result/search?search=short&text_limit=100&filter_keys=shot`,
    );
    expect(found.list).toMatchObject([{ __coreclaw_cut__: { shot: 3_000_011 } }]);
    const { data: next } = await platform.call<Rows>(
      `/worker-runs/${slug}/result?after=${slug}-1&limit=1&text_limit=100`,
    );
    expect(next.list).toMatchObject([{ name: 'nested', __coreclaw_cut__: { emoji: 101 } }]);
    const { data: whole } = await platform.call<Rows>(`/worker-runs/${slug}/result?limit=1`);
    expect(String(whole.list[0]?.['shot'])).toHaveLength(3_000_011);
    expect(whole.list[0]).not.toHaveProperty('__coreclaw_cut__');
  });
});

describe('subtasks', () => {
  test('have their own status, rows, reason and input', async () => {
    const slug = await runToEnd(
      `for (let row = 0; row < Number(input.items[0]); row += 1) await sdk.result.pushData({ row });
       if (input.items[0] === '0') process.exit(7);`,
      ['2', '0', '3'],
    );
    const { data } = await platform.call<{ count: number; counts: Record<string, number>; list: Subtask[] }>(
      `/worker-runs/${slug}/subtasks`,
    );
    expect(data).toMatchObject({ count: 3, counts: { ready: 0, running: 0, succeeded: 2, failed: 1 } });
    expect(data.list).toMatchObject([
      {
        number: 1,
        status: 'succeeded',
        exit_code: 0,
        results: 2,
        attempt: 1,
        err_msg: '',
        end_reason: 'succeeded',
      },
      {
        number: 2,
        status: 'failed',
        exit_code: 7,
        results: 0,
        end_reason: 'exit',
        end_detail: { exit_code: 7 },
      },
      { number: 3, status: 'succeeded', results: 3 },
    ]);
    const failed = await platform.call<typeof data>(`/worker-runs/${slug}/subtasks?status=failed`);
    expect(failed.data).toMatchObject({ count: 1, list: [{ number: 2 }] });
    const third = await platform.call<typeof data>(`/worker-runs/${slug}/subtasks?limit=2&offset=2`);
    expect(third.data.list).toMatchObject([{ number: 3 }]);
    const one = await platform.call<Subtask>(`/worker-runs/${slug}/subtasks/3`);
    expect(one.data).toMatchObject({ number: 3, input: { items: ['3'] } });
    expect((await platform.call(`/worker-runs/${slug}/subtasks/4`)).status).toBe(404);
    for (const number of ['2147483648', '99999999999999999999', '1e300', '0', 'x'])
      expect((await platform.call(`/worker-runs/${slug}/subtasks/${number}`)).status).toBe(422);
    expect((await platform.call(`/worker-runs/${slug}/subtasks?status=aborting`)).status).toBe(422);
  });
});

describe('a queued run', () => {
  test('says that all slots are in use, and how many subtasks come first', async () => {
    const { runnerSlots: slots } = platform.platform.config;
    const busy = await platform.runAsync(worker, {
      script: runForever,
      items: Array.from({ length: slots + 2 }, (_, index) => String(index)),
    });
    const { pool } = platform.platform.database;
    await eventually(async () => {
      const { rowCount } = await pool.query("SELECT FROM subtask WHERE status = 'running'");
      return rowCount === slots ? true : undefined;
    });
    const waiting = await platform.runAsync(worker, { script: '', items: ['one', 'two'] });
    const { data } = await platform.call(`/worker-runs/${waiting}/waiting`);
    // A run joins the current turn: the next subtask of the busy run comes first, the one after it later.
    expect(data).toMatchObject({
      reason: 'no_free_slot',
      subtasks: 2,
      slots,
      slots_in_use: slots,
      runners: 1,
      ahead: 1,
    });
    const later = await platform.runAsync(worker, { script: '', items: ['one'] });
    expect((await platform.call(`/worker-runs/${later}/waiting`)).data).toMatchObject({
      subtasks: 1,
      ahead: 2,
    });
    await platform.call(`/worker-runs/${busy}/abort`, { method: 'POST' });
    await platform.finished(waiting);
    expect((await platform.call(`/worker-runs/${waiting}/waiting`)).data).toMatchObject({
      reason: 'not_waiting',
      subtasks: 0,
    });
  });

  test('says that no runner is running', async () => {
    const idle = await startTestPlatform({}, { api: true, runner: false });
    try {
      const slug = await idle.runAsync(await publishScriptedWorker(idle, 'Scripted'), {
        script: '',
        items: ['one'],
      });
      const { data } = await idle.call<{ message: string }>(`/worker-runs/${slug}/waiting`);
      expect(data).toMatchObject({ reason: 'no_runner', runners: 0, subtasks: 1, slots: 0 });
      expect(data.message).toContain('chela runner');
    } finally {
      await idle.close();
    }
  });
});

describe('an export requested without waiting', () => {
  test('reports its progress, and its link delivers the finished file', async () => {
    const slug = await runToEnd(
      'for (let row = 0; row < 3; row += 1) await sdk.result.pushData({ row, other: 1 });',
    );
    const asked = await platform.call<{ export_slug: string; download_url: string }>(
      `/worker-runs/${slug}/result/export?format=csv&filter_keys=row&wait_seconds=0`,
    );
    const path = `/worker-runs/${slug}/exports/${asked.data.export_slug}`;
    const progress = async () => (await platform.call<{ state: string; download_url: string }>(path)).data;
    expect(await progress()).toMatchObject({ rows: 3, format: 'csv', err_msg: '' });
    expect(await (await fetch(asked.data.download_url)).text()).toMatch(/^row\r?\n0\r?\n1\r?\n2\r?\n$/);
    expect(await progress()).toMatchObject({
      state: 'ready',
      rows: 3,
      rows_done: 3,
      size_bytes: expect.any(Number),
    });
    const other = await runToEnd('');
    const misplaced = `/worker-runs/${other}/exports/${asked.data.export_slug}`;
    expect((await platform.call(misplaced)).status).toBe(404);
    const { key } = await platform.otherAccount('exporter');
    expect((await platform.call(path, { key })).status).toBe(404);
  });
});
