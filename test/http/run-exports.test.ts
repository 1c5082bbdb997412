/** Exports as clients see them: a link for each request, and the file behind it. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker, runForever } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, checkedAnswer, errorOf } from './checked-answer.ts';

const rows = [
  { title: 'b', price: 2, extra: { n: 1 } },
  { title: 'a', price: 1, colour: 'red' },
];
const csv = 'title,price,extra,colour\r\nb,2,"{""n"":1}",\r\na,1,,red\r\n';

let platform: TestPlatform;
let worker: string;
let slug: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  worker = await publishScriptedWorker(platform, 'Ärger & Söhne');
  slug = await runWith(pushAll(rows));
});
afterAll(async () => platform.close());
afterEach(() => {
  vi.useRealTimers();
});

function pushAll(list: readonly unknown[]): string {
  return `for (const row of ${JSON.stringify(list)}) await sdk.result.pushData(row);`;
}

function pushKeys(count: number): string {
  return `await sdk.result.pushData(Object.fromEntries(Array.from({ length: ${count} }, (_, n) => ['c' + n, n])));`;
}

async function runWith(script: string): Promise<string> {
  const started = await platform.runAsync(worker, { script, items: ['one'] });
  await platform.finished(started);
  return started;
}

/** Requests an export. @returns the link */
async function linkTo(run: string, query = '', client = platform): Promise<string> {
  const { data, message } = await ask<{ download_url: string }>(
    client,
    `/worker-runs/${run}/result/export${query}`,
  );
  expect(message).toBe('success');
  return data.download_url;
}

async function textOf(link: string): Promise<string> {
  const response = await fetch(link);
  expect(response.status).toBe(200);
  return response.text();
}

function pathOf(link: string): string {
  return new URL(link).pathname;
}

function exportFolder({ platform: { config } }: TestPlatform): string {
  return path.join(config.dataDir, 'storage', 'exports');
}

describe('a link', () => {
  test.each([
    ['csv', 'text/csv; charset=utf-8'],
    ['json', 'application/json; charset=utf-8'],
    ['jsonl', 'application/jsonl; charset=utf-8'],
    ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    ['xls', 'application/vnd.ms-excel'],
    ['xml', 'application/xml; charset=utf-8'],
    ['html', 'text/html; charset=utf-8'],
    ['rss', 'application/rss+xml; charset=utf-8'],
  ])('to %s downloads a file of that type without any header', async (format, mediaType) => {
    const uncompressed = { headers: { 'accept-encoding': 'identity' } };
    const response = await fetch(await linkTo(slug, `?format=${format}`), uncompressed);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(mediaType);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const name = `ärger-söhne-${slug}.${format}`;
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="_rger-s_hne-${slug}.${format}"; filename*=UTF-8''${encodeURIComponent(name)}`,
    );
    const bytes = await response.arrayBuffer();
    expect(Number(response.headers.get('content-length'))).toBe(bytes.byteLength);
    expect(bytes.byteLength).toBeGreaterThan(0);
  });

  test('defaults to CSV, and accepts format names in capitals', async () => {
    expect(await textOf(await linkTo(slug))).toBe(csv);
    expect(pathOf(await linkTo(slug, '?format=CSV'))).toBe(pathOf(await linkTo(slug)));
  });

  test('to any other format is refused', async () => {
    const answer = await ask(platform, `/worker-runs/${slug}/result/export?format=pdf`);
    expect(answer.code).toBe(11000);
    expect(answer.message).toMatch(/format/);
  });

  test('is the same for each way to name a run', async () => {
    const ways = ['/worker-runs/last/export', `/workers/${worker}/runs/last/export`];
    for (const way of ways) {
      const last = await platform.call<{ slug: string }>('/worker-runs/last');
      const answer = await ask<{ download_url: string }>(platform, way);
      expect(pathOf(answer.data.download_url)).toBe(pathOf(await linkTo(last.data.slug)));
    }
  });

  test('of another account is not available', async () => {
    const { key } = await platform.otherAccount('stranger');
    const answer = await ask(platform, `/worker-runs/${slug}/result/export`, { key });
    expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
    const anonymous = await ask(platform, `/worker-runs/${slug}/result/export`, { key: '' });
    expect(errorOf(anonymous)).toEqual({ status: 401, code: 12001 });
  });

  test('that was altered anywhere is refused', async () => {
    const link = await linkTo(slug);
    const altered = [
      link.replace('.csv', '.xls'),
      link.replace(/expires=(\d)/, 'expires=9$1'),
      link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      link.replace(/&signature.*/, ''),
      link.replace(/\?.*/, ''),
    ];
    for (const other of altered) {
      const answer = await checkedAnswer(await fetch(other));
      expect({ other, ...errorOf(answer) }).toEqual({ other, status: 403, code: 12002 });
    }
  });

  test('that has expired is refused, and says so', async () => {
    const link = await linkTo(slug);
    vi.useFakeTimers({
      toFake: ['Date'],
      now: Date.now() + platform.platform.config.linkLifetimeSeconds * 1000 + 1000,
    });
    const answer = await checkedAnswer(await fetch(link));
    expect(errorOf(answer)).toEqual({ status: 403, code: 12002 });
    expect(answer.message).toMatch(/expired/);
  });
});

describe('csv_safe and bom', () => {
  test('decide how csv is written, and each choice has its own file', async () => {
    const run = await runWith(pushAll([{ '@type': '=1+1', handle: '@nasa' }]));
    const head = '@type,handle\r\n';
    const usual = await linkTo(run);
    expect(await textOf(usual)).toBe(`${head}'=1+1,@nasa\r\n`);
    expect(await textOf(await linkTo(run, '?csv_safe=0'))).toBe(`${head}=1+1,@nasa\r\n`);
    const response = await fetch(await linkTo(run, '?csv_safe=1&bom=1'));
    expect(Buffer.from(await response.arrayBuffer()).toString()).toBe(`\uFEFF${head}'=1+1,@nasa\r\n`);
    expect(pathOf(await linkTo(run, '?csv_safe=1&bom=0'))).toBe(pathOf(usual));
    expect(pathOf(await linkTo(run, '?format=json&bom=1'))).toBe(pathOf(await linkTo(run, '?format=json')));
  });

  test.each(['csv_safe=2', 'csv_safe=no', 'bom=-1'])('%s is refused', async (query) => {
    const answer = await ask(platform, `/worker-runs/${slug}/result/export?${query}`);
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  });
});

describe('filter_keys', () => {
  test('selects the columns in that order, and skips unknown and internal ones', async () => {
    const keys = 'price,no such key, title ,price,__coreclaw_data_id__';
    const text = await textOf(await linkTo(slug, `?filter_keys=${encodeURIComponent(keys)}`));
    expect(text).toBe('price,title\r\n2,b\r\n1,a\r\n');
    const lines = await textOf(await linkTo(slug, '?format=jsonl&filter_keys=extra,title'));
    expect(lines).toBe('{"extra":{"n":1},"title":"b"}\n{"title":"a"}\n');
  });

  test('that is absent or empty selects all columns', async () => {
    expect(await textOf(await linkTo(slug, '?filter_keys='))).toBe(csv);
    expect(await textOf(await linkTo(slug, '?format=json'))).not.toContain('__coreclaw_');
  });
});

describe('a run with very many keys', () => {
  interface Page {
    readonly headers: { readonly key: string }[];
    readonly list: Record<string, unknown>[];
  }

  test('has 2,100 columns in the table and in every export', async () => {
    const run = await runWith(pushKeys(2100));
    const names = Array.from({ length: 2100 }, (_, n) => `c${n}`);
    const page = await ask<Page>(platform, `/worker-runs/${run}/result`);
    expect(page.data.headers.map(({ key }) => key)).toEqual(names);
    expect(await textOf(await linkTo(run))).toBe(`${names.join(',')}\r\n${[...names.keys()].join(',')}\r\n`);
    for (const format of ['html', 'xml', 'rss', 'json', 'jsonl']) {
      expect(await textOf(await linkTo(run, `?format=${format}`))).toMatch(/c2099/);
    }
    expect(await textOf(await linkTo(run, '?format=jsonl&filter_keys=c2050'))).toBe('{"c2050":2050}\n');
    const tooMany = await ask(platform, `/worker-runs/${run}/result/export?format=xls`);
    expect(tooMany.message).toContain('xls is limited to 256: export as xlsx instead');
  });

  test('says that it has more than 100,000, in the log and in exports', async () => {
    const run = await runWith(pushKeys(100_003) + pushKeys(1));
    const page = await ask<Page>(platform, `/worker-runs/${run}/result?filter_keys=c100002`);
    expect(page.data.headers).toHaveLength(100_000);
    expect(page.data.list).toMatchObject([{ c100002: 100_002 }, {}]);
    for (const format of ['xls', 'xlsx']) {
      const answer = await ask(platform, `/worker-runs/${run}/result/export?format=${format}`);
      expect(answer.message).toContain('export as csv instead');
    }
    const log = await platform.call<{ list: { content: string }[] }>(`/worker-runs/${run}/log`);
    const said = log.data.list.filter(({ content }) => content.includes('more than 100,000 different keys'));
    expect(said).toHaveLength(1);
    const [heads = ''] = (await textOf(await linkTo(run))).split('\r\n');
    expect(heads).toMatch(/,c99999,"?\(further columns are left out/);
    for (const format of ['html', 'xml', 'rss']) {
      expect(await textOf(await linkTo(run, `?format=${format}`))).toContain('further columns are left out');
    }
    const way = `/worker-runs/${run}/result/export`;
    expect((await ask(platform, way)).data).toMatchObject({ has_all_columns: false });
    expect((await ask(platform, `${way}?format=json`)).data).toMatchObject({ has_all_columns: true });
    expect(await textOf(await linkTo(run, '?filter_keys=c100002,c0'))).toBe(
      'c100002,c0\r\n100002,0\r\n,0\r\n',
    );
  });

  test('says that a key is too long for a column, and exports it on request', async () => {
    const long = 'k'.repeat(801);
    const run = await runWith(pushAll([{ a: 1, [long]: 2 }]));
    const log = await platform.call<{ list: { content: string }[] }>(`/worker-runs/${run}/log`);
    expect(log.data.list.map(({ content }) => content).join('\n')).toContain(
      'a key of 801 characters has no column',
    );
    expect(await textOf(await linkTo(run))).toBe('a\r\n1\r\n');
    expect(await textOf(await linkTo(run, `?filter_keys=${long}`))).toBe(`${long}\r\n2\r\n`);
  });
});

test('an export that many clients request at once is made once', async () => {
  const run = await runWith(pushAll([{ n: 1 }]));
  const links = await Promise.all(Array.from({ length: 10 }, async () => linkTo(run, '?format=json')));
  expect(new Set(links.map(pathOf)).size).toBe(1);
  const { rowCount } = await platform.platform.database.pool.query(
    'SELECT FROM export JOIN run ON run.id = export.run_id WHERE run.slug = $1',
    [run],
  );
  expect(rowCount).toBe(1);
});

test('a running run exports the rows so far, and a later export includes new ones', async () => {
  const run = await platform.runAsync(worker, {
    script: `await sdk.result.pushData({ n: 1 }); await sdk.log.info('one is there'); ${runForever}`,
    items: ['one'],
  });
  await platform.logged(run, 'one is there');
  const early = await linkTo(run);
  expect(await textOf(early)).toBe('n\r\n1\r\n');
  await platform.call(`/worker-runs/${run}/abort`, { method: 'POST' });
  await platform.finished(run);
  const late = await linkTo(run);
  expect(pathOf(late)).not.toBe(pathOf(early));
  expect(await textOf(late)).toBe('n\r\n1\r\n');
});

test('a run without rows exports a file without rows', async () => {
  const run = await runWith('');
  expect(await textOf(await linkTo(run, '?format=json'))).toBe('[]\n');
  expect(await textOf(await linkTo(run, '?format=jsonl'))).toBe('');
});

test('many rows, one of them large, are exported completely and in order', { timeout: 300_000 }, async () => {
  const count = 1500;
  const run = await runWith(`
    const rows = Array.from({ length: ${count} }, (_, n) => ({ n, text: n === 700 ? 'é'.repeat(500000) : 'short' }));
    for (const row of rows) await sdk.result.pushData(row);`);
  const lines = (await textOf(await linkTo(run, '?format=jsonl'))).trimEnd().split('\n');
  const found = lines.map((line) => JSON.parse(line) as { n: number; text: string });
  expect(found.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, n) => n));
  expect(found[700]?.text).toBe('é'.repeat(500_000));
});

test('more rows than XLS holds are refused up front, and the error names xlsx', async () => {
  const run = await runWith(pushAll([{ n: 1 }]));
  await platform.platform.database.pool.query('UPDATE run SET result_count = 65536 WHERE slug = $1', [run]);
  const answer = await ask(platform, `/worker-runs/${run}/result/export?format=xls`);
  expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
  expect(answer.message).toMatch(/65,536 rows.*65,535.*xlsx/);
});

describe('the file', () => {
  test('that the storage lost is reported as gone, and made again on request', async () => {
    const run = await runWith(pushAll(rows));
    const link = await linkTo(run);
    await rm(exportFolder(platform), { recursive: true });
    expect(errorOf(await checkedAnswer(await fetch(link)))).toEqual({ status: 404, code: 11004 });
    const again = await linkTo(run);
    expect(await textOf(again)).toBe(csv);
  });

  test('is deleted with its run', async () => {
    const run = await runWith(pushAll(rows));
    const link = await linkTo(run);
    await platform.platform.database.pool.query('DELETE FROM run WHERE slug = $1', [run]);
    await platform.platform.exports.removeOld(new Date());
    expect(errorOf(await checkedAnswer(await fetch(link)))).toEqual({ status: 404, code: 11004 });
  });

  test('is deleted after a long time without requests', async () => {
    const link = await linkTo(slug, '?format=xml');
    const { exportRetentionDays } = platform.platform.config;
    const day = 24 * 3600 * 1000;
    await platform.platform.exports.removeOld(new Date(Date.now() + (exportRetentionDays - 0.1) * day));
    expect((await fetch(link)).status).toBe(200);
    await platform.platform.exports.removeOld(new Date(Date.now() + (exportRetentionDays + 0.1) * day));
    expect(errorOf(await checkedAnswer(await fetch(link)))).toEqual({ status: 404, code: 11004 });
  });
});

test('a slow export returns its link, which waits and says when to retry', async () => {
  const slow = await startTestPlatform({ exportWaitSeconds: 1 });
  const blocker = new Client({ connectionString: slow.databaseUrl });
  try {
    const scripted = await publishScriptedWorker(slow, 'Slow');
    const run = await slow.runAsync(scripted, { script: pushAll(rows), items: ['one'] });
    await slow.finished(run);
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE result_row IN ACCESS EXCLUSIVE MODE');
    const link = await linkTo(run, '', slow);
    const early = await fetch(link);
    expect(early.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(errorOf(await checkedAnswer(early))).toEqual({ status: 503, code: 10000 });
    await blocker.query('ROLLBACK');
    const text = await eventually(async () => {
      const response = await fetch(link);
      return response.status === 200 ? response.text() : undefined;
    });
    expect(text).toBe(csv);
  } finally {
    await blocker.end();
    await slow.close();
  }
});
