import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAsCafesdkWorker, thirdPartyWorkerFolder } from '../fixtures/third-party-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { publishScriptedWorker } from './support/scripted-worker.ts';

let platform: TestPlatform;
let scripted: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  scripted = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

/** Runs a script to its end. */
async function runScript(script: string, items: readonly string[] = ['one']) {
  const answer = await platform.runSync(scripted, { script, items });
  return { ...answer, ...(await platform.results(answer.run_slug)) };
}

test('a run ends even if the outcome of its subtask cannot be stored', async () => {
  const { pool } = platform.platform.database;
  await pool.query(
    `CREATE FUNCTION refuse_outcome() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
     CREATE TRIGGER refuse_outcome BEFORE UPDATE ON subtask FOR EACH ROW WHEN (NEW.exit_code = 77)
     EXECUTE FUNCTION refuse_outcome()`,
  );
  try {
    const slug = await platform.runAsync(scripted, { script: 'process.exit(77)', items: ['one'] });
    expect(await platform.finished(slug)).toMatchObject({
      status: 'failed',
      err_msg: "the outcome could not be stored; see the platform's log",
      end_reason: 'internal',
      end_detail: { step: 'settling' },
    });
  } finally {
    await pool.query('DROP FUNCTION refuse_outcome CASCADE');
  }
});

/** A folder with a mount inside cannot be removed; only root can mount. */
test.runIf(process.getuid?.() === 0)('a run ends even if its folder cannot be removed', async () => {
  const slug = await platform.runAsync(scripted, {
    script: `console.log('there'); while (!require('node:fs').existsSync('/work/go')) await new Promise((go) => setTimeout(go, 20));`,
    items: ['one'],
  });
  await platform.logged(slug, 'there');
  const scratch = path.join(platform.platform.config.cacheDir, 'scratch');
  // Sandboxes waiting for a subtask have folders there too, but without a package.
  const form = new RegExp(`^(${process.pid}-[^/]+/subtask-[^/]+)/work/main.js$`);
  const names = await readdir(scratch, { recursive: true });
  const own = names.flatMap((name) => form.exec(name)?.[1] ?? []).join();
  const held = path.join(scratch, own, 'held');
  await mkdir(held);
  await promisify(execFile)('mount', ['-t', 'tmpfs', 'chela-test', held]);
  try {
    await writeFile(path.join(scratch, own, 'work/go'), '');
    expect(await platform.finished(slug)).toMatchObject({
      status: 'failed',
      err_msg: expect.stringMatching(/^could not be ended properly: /),
      end_reason: 'internal',
      end_detail: { step: 'cleanup', message: expect.stringContaining('busy') },
    });
  } finally {
    await promisify(execFile)('umount', [held]);
    await rm(path.join(scratch, own), { recursive: true });
  }
});

describe('a run of the hello worker', () => {
  let hello: string;
  beforeAll(async () => {
    hello = await platform.publish(path.join(import.meta.dirname, '..', '..', 'workers', 'hello'), 'Hello');
  });

  test('started asynchronously is accepted at once and ends by itself', async () => {
    const slug = await platform.runAsync(hello, { names: ['Ada', 'Grace'] });
    expect(slug).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(await platform.finished(slug)).toMatchObject({
      slug,
      run_slug: slug,
      scraper_slug: hello,
      scraper_title: 'Hello',
      version: 'v1.0.1',
      status: 'succeeded',
      origin: 'api_v2',
      results: 2,
      err_msg: '',
    });
  });

  test('started synchronously returns its rows', async () => {
    const answer = await platform.runSync(hello, {
      names: ['Ada'],
      tone: 'cheerful',
      date: '2026-01-02',
      show_progress: true,
    });
    expect(answer).toMatchObject({ run_status: 'succeeded', is_finished: true, error_message: '' });
    expect(answer.results).toMatchObject({
      count: 2,
      list: [
        { id: 'progress', greeting: 'done', length: 1, date: '2026-01-02' },
        { id: 'Ada', greeting: 'Hello, Ada!', length: 11, date: '2026-01-02' },
      ],
    });
  });

  test('has times in order, whose difference is its duration', async () => {
    const before = Math.floor(Date.now() / 1000);
    const run = await platform.finished(await platform.runAsync(hello, { names: ['Ada'] }));
    expect(run.started_at).toBeGreaterThanOrEqual(before);
    expect(run.finished_at).toBeGreaterThanOrEqual(run.started_at);
    expect(Math.abs(run.duration - (run.finished_at - run.started_at))).toBeLessThanOrEqual(1);
  });
});

describe.each(['coresdk', 'cafesdk'])('a third-party worker on %s', (protocol) => {
  let worker: string;
  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-worker-'));
    if (protocol === 'cafesdk') await copyAsCafesdkWorker(folder);
    worker = await platform.publish(protocol === 'cafesdk' ? folder : thirdPartyWorkerFolder, protocol);
    await rm(folder, { recursive: true, force: true });
  });

  test('stores its rows in the order of arrival, one upserted row included', async () => {
    const { run_slug: slug, results } = await platform.runSync(worker, {
      items: [{ url: 'https://a.example/?q=1&r=2' }],
      rows: 3,
      parallel_rows: 40,
      upserts: 5,
      row_bytes: 10,
    });
    const { list } = await platform.results(slug);
    expect(results.count).toBe(44);
    expect(list.map((row) => row['index'])).toEqual([...Array.from({ length: 43 }, (_, index) => index), 5]);
    expect(list[1]).toEqual({
      item: 'https://a.example/?q=1&r=2',
      index: 1,
      text: 'row 1 äöü 你好 & <b>',
      nested: { list: [1, 'two', null], flag: true },
      filler: 'xxxxxxxxxx',
    });
    expect(list[43]).toEqual({ item: 'summary', index: 5 });
  });

  test('logs its own lines, its output, and the lines of the platform', async () => {
    const { run_slug: slug } = await platform.runSync(worker, { items: [{ url: 'u' }], rows: 0 });
    const lines = (await platform.log(slug)).map(({ type, group, content }) => `${type} ${group} ${content}`);
    expect(lines).toEqual(
      expect.arrayContaining([
        '2 1 SYSTEM: preparing the environment of version v1.0.1, 1 subtask',
        '2 1 SYSTEM: running',
        '2 1 third-party worker on stdout',
        '3 1 third-party worker on stderr',
        '1 1 a debug line',
        '2 1 an info line',
        '3 1 a warn line',
        '4 1 an error line',
        '2 1 SYSTEM: finished with exit code 0',
      ]),
    );
    expect(lines[0]).toContain('SYSTEM: preparing');
    expect(lines.at(-1)).toContain('SYSTEM: finished');
    expect(lines.indexOf('1 1 a debug line')).toBeLessThan(lines.indexOf('4 1 an error line'));
  });

  test('learns which of its rows were refused, and continues', async () => {
    const { run_slug: slug, run_status: status } = await platform.runSync(worker, {
      items: [{ url: 'u' }],
      rows: 0,
      raw_rows: [
        '[1]',
        '{"price": NaN}',
        'no json',
        String.raw`"{\"unwrapped\": true}"`,
        '{"big": 12345678901234567890}',
      ],
    });
    expect(status).toBe('succeeded');
    expect((await platform.results(slug)).list).toMatchObject([{ price: null }, { unwrapped: true }, {}]);
    const refused = (await platform.log(slug)).filter(({ content }) => content.includes('a row was refused'));
    expect(refused.map(({ type, content }) => ({ type, content }))).toEqual([
      { type: 4, content: 'SYSTEM: a row was refused: the row must be a JSON object, but is an array' },
      {
        type: 4,
        content: expect.stringContaining('SYSTEM: a row was refused: the row is not valid JSON') as string,
      },
    ]);
  });
});

describe('the link to the whole log', () => {
  test('returns every line as text, without a credential', async () => {
    const { run_slug: slug } = await runScript(`
      for (let n = 1; n <= 1500; n += 1) await new Promise((written) => process.stdout.write('line ' + n + '\\n', written));`);
    const { data } = await platform.call<{ all_logs_url: string; list: unknown[] }>(
      `/worker-runs/${slug}/log`,
    );
    expect(data.list).toHaveLength(1000);
    const response = await fetch(data.all_logs_url);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const lines = (await response.text()).trimEnd().split('\n');
    const printed = lines.filter((line) => line.includes('] line '));
    expect(printed).toHaveLength(1500);
    expect(printed[1499]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO \[1\] line 1500$/);
  });
});

const push = (row: string) => `await sdk.result.pushData(${row});`;

const declare = (key: string) =>
  `await sdk.result.setTableHeader([{ key: '${key}', label: '${key.toUpperCase()}', format: 'text' }]);`;

test('a worker receives the largest input that is accepted', async () => {
  const script = `await sdk.result.pushData({ length: JSON.stringify(input).length });`;
  const rest = JSON.stringify({ script, items: ['one'], note: '' }).length + 16;
  const note = 'x'.repeat(4 * 1024 * 1024 - rest);
  const { run_slug: slug } = await platform.runSync(scripted, { script, items: ['one'], note });
  expect((await platform.results(slug)).list).toEqual([{ length: 4 * 1024 * 1024 - 16 }]);
});

describe('the table header', () => {
  test("is the union of the rows' keys if nothing is declared", async () => {
    const { headers } = await runScript(push('{ b: 1, a: 2 }') + push('{ c: 3, a: 4 }'));
    expect(headers).toEqual(['b', 'a', 'c'].map((key) => ({ key, label: key, format: 'text' })));
  });

  test("is the worker's last declaration, before or after its rows, and then the other keys of the rows", async () => {
    const { headers, list } = await runScript(declare('old') + push('{ a: 1, b: 2 }') + declare('b'));
    expect(headers).toEqual([
      { key: 'b', label: 'B', format: 'text' },
      { key: 'a', label: 'a', format: 'text' },
    ]);
    expect(list).toEqual([{ a: 1, b: 2 }]);
  });

  test("is the union of all subtasks' declarations, each key once", async () => {
    const script = `await sdk.result.setTableHeader(['shared', input.items[0]].map((key) => ({ key, label: key, format: 'text' })));`;
    const { headers } = await runScript(script, ['x', 'y', 'z']);
    expect(headers.map(({ key }) => key).toSorted()).toEqual(['shared', 'x', 'y', 'z']);
    expect(headers[0]?.key).toBe('shared');
  });

  test('is the keys of the rows if the output schema is empty', async () => {
    const worker = await publishScriptedWorker(platform, 'With empty schema', { 'output_schema.json': '[]' });
    const { run_slug: slug } = await platform.runSync(worker, {
      script: push('{ b: 1, a: 2 }'),
      items: ['one'],
    });
    const { headers } = await platform.results(slug);
    expect(headers.map(({ key }) => key)).toEqual(['b', 'a']);
  });

  test('is the output schema of a worker that declares nothing, and then the other keys of the rows', async () => {
    const schema = [
      { name: 'price', type: 'number', description: 'Price in EUR' },
      { name: 'tags', type: 'array' },
    ];
    const worker = await publishScriptedWorker(platform, 'With output schema', {
      'output_schema.json': JSON.stringify(schema),
    });
    const { run_slug: slug } = await platform.runSync(worker, {
      script: push('{ other: 1 }'),
      items: ['one'],
    });
    const { headers, list } = await platform.results(slug);
    expect(headers).toEqual([
      { key: 'price', label: 'Price in EUR', format: 'number' },
      { key: 'tags', label: 'tags', format: 'array' },
      { key: 'other', label: 'other', format: 'text' },
    ]);
    expect(list).toEqual([{ other: 1 }]);
  });
});

const upsert = (columns: string, value = `'7'`) =>
  `await sdk.result.pushData({ ...${columns}, __coreclaw_upsert_key__: 'id', __coreclaw_upsert_value__: ${value} });`;

describe('upserts', () => {
  test('of the same key by several subtasks make one row with the columns of all', async () => {
    const items = ['a', 'b', 'c', 'd'];
    const { list } = await runScript(upsert(`{ id: 7, [input.items[0]]: true }`), items);
    expect(list).toEqual([{ id: 7, a: true, b: true, c: true, d: true }]);
  });

  test('keep the position of the first row', async () => {
    const script =
      upsert(`{ id: 7, step: 1 }`) + `await sdk.result.pushData({ id: 8 });` + upsert(`{ step: 2 }`, '7');
    expect((await runScript(script)).list).toEqual([{ id: 7, step: 2 }, { id: 8 }]);
  });
});

describe('a run ends', () => {
  const ends: Record<
    string,
    {
      script: string;
      status: string;
      errMsg: string;
      end: [reason: string, detail: object, headline: string];
      log: RegExp;
    }
  > = {
    'with success at exit code 0': {
      script: 'process.exit(0)',
      status: 'succeeded',
      errMsg: '',
      end: ['succeeded', {}, ''],
      log: /^SYSTEM: finished with exit code 0$/,
    },
    'with failure at any other exit code': {
      script: 'process.exit(3)',
      status: 'failed',
      errMsg: 'the worker ended with exit code 3',
      end: ['exit', { exit_code: 3 }, ''],
      log: /^SYSTEM: finished with exit code 3$/,
    },
    'with failure when the worker crashes': {
      script: `setTimeout(() => { throw new TypeError('nobody caught this') }, 1); await new Promise(() => {})`,
      status: 'failed',
      errMsg: 'the worker ended with exit code 1',
      end: ['exit', { exit_code: 1 }, 'TypeError: nobody caught this'],
      log: /^TypeError: nobody caught this$/,
    },
    'with failure when a signal ends the worker': {
      script: `process.kill(process.pid, 'SIGKILL'); await new Promise(() => setInterval(() => {}, 1000))`,
      status: 'failed',
      errMsg: 'the worker ended with signal SIGKILL',
      end: ['signal', { signal: 'SIGKILL' }, ''],
      log: /^SYSTEM: finished with signal SIGKILL$/,
    },
  };
  test.each(Object.entries(ends))('%s', async (_name, { script, status, errMsg, end, log }) => {
    const { run_slug: slug, ...answer } = await runScript(
      `await sdk.result.pushData({ kept: true }); ${script}`,
    );
    expect(answer).toMatchObject({ run_status: status, error_message: errMsg, list: [{ kept: true }] });
    const run = await platform.run(slug);
    expect(run).toMatchObject({ status, err_msg: errMsg });
    expect([run.end_reason, run.end_detail, run.error_headline]).toEqual(end);
    expect([answer.end_reason, answer.end_detail, answer.error_headline]).toEqual(end);
    expect((await platform.log(slug)).some(({ content }) => log.test(content))).toBe(true);
  });

  test('with npm’s error if its dependencies cannot be installed', async () => {
    const worker = await publishScriptedWorker(platform, 'Broken dependencies', {
      'package.json': JSON.stringify({ dependencies: { x: 'file:../x' } }),
      'package-lock.json': '{}',
    });
    const answer = await platform.runSync(worker, { script: '', items: ['one'] });
    expect(answer.run_status).toBe('failed');
    expect(answer.error_message).toContain(
      'could not be executed: dependency "x" in package.json comes from "file:../x"',
    );
    expect(answer).toMatchObject({
      end_reason: 'dependencies',
      end_detail: { message: expect.stringContaining('file:../x') },
    });
  });
});

test('a run whose package is missing says at which step it failed', async () => {
  const worker = await publishScriptedWorker(platform, 'Without a package');
  await platform.platform.database.pool.query(
    `UPDATE worker_version SET package_hash = repeat('0', 64)
     WHERE worker_id = (SELECT id FROM worker WHERE slug = $1)`,
    [worker],
  );
  expect(await platform.runSync(worker, { script: '', items: ['one'] })).toMatchObject({
    run_status: 'failed',
    error_message: expect.stringMatching(/^could not be executed: \S/),
    end_reason: 'preparation',
    end_detail: { step: 'package', message: expect.stringMatching(/\S/) },
    error_headline: '',
  });
});

describe('the headline of a run', () => {
  test("is its worker's logged error if no error was printed", async () => {
    const answer = await runScript(`await sdk.log.error('no items on page 3'); process.exit(2)`);
    expect(answer.error_headline).toBe('no items on page 3');
  });

  test('contains no secret of the run', async () => {
    const answer = await runScript(`throw new Error('refused: ' + process.env.PROXY_AUTH)`);
    expect(answer.error_headline).toMatch(/^Error: refused: worker-\w+:\*\*\*$/);
  });

  test('is the headline of the first failed subtask, even if others succeeded', async () => {
    const script = `if (input.items[0] !== 'good') throw new Error('cannot read ' + input.items[0])`;
    const { run_slug: slug } = await runScript(script, ['good', 'first', 'second']);
    expect(await platform.run(slug)).toMatchObject({
      status: 'succeeded',
      end_reason: 'partly_failed',
      end_detail: { exit_code: 1, subtask: 2, failed_subtasks: 2 },
      error_headline: 'Error: cannot read first',
    });
    const { data } = await platform.call<{ list: unknown[] }>(`/worker-runs/${slug}/subtasks`);
    expect(data.list).toMatchObject([
      { end_reason: 'succeeded', error_headline: '' },
      { end_reason: 'exit', error_headline: 'Error: cannot read first' },
      { end_reason: 'exit', error_headline: 'Error: cannot read second' },
    ]);
  });
});

describe('a run of several subtasks', () => {
  const failing = `await sdk.result.pushData({ item: input.items[0] }); if (input.items[0].startsWith('bad')) process.exit(4);`;

  test('succeeds if some of them fail, and says which', async () => {
    const { run_slug: slug, list } = await runScript(failing, ['good', 'bad', 'fine']);
    expect(await platform.run(slug)).toMatchObject({
      status: 'succeeded',
      results: 3,
      err_msg: '1 of 3 subtasks failed: #2 the worker ended with exit code 4',
      end_reason: 'partly_failed',
      end_detail: { exit_code: 4, subtasks: 3, failed_subtasks: 1, subtask: 2, subtask_reason: 'exit' },
    });
    expect(list.map((row) => String(row['item'])).toSorted()).toEqual(['bad', 'fine', 'good']);
    expect(await platform.log(slug)).toContainEqual(
      expect.objectContaining({ group: '2', type: 4, content: 'SYSTEM: finished with exit code 4' }),
    );
  });

  test('fails if all of them fail, keeps their rows and names the first', async () => {
    const items = ['bad 1', 'bad 2', 'bad 3', 'bad 4', 'bad 5', 'bad 6'];
    const { run_slug: slug } = await runScript(failing, items);
    const named = [1, 2, 3, 4, 5].map((number) => `#${number} the worker ended with exit code 4`).join('; ');
    expect(await platform.run(slug)).toMatchObject({
      status: 'failed',
      results: 6,
      err_msg: `6 of 6 subtasks failed: ${named}; …`,
      end_reason: 'exit',
      end_detail: { exit_code: 4, subtasks: 6, failed_subtasks: 6, subtask: 1, subtask_reason: 'exit' },
    });
  });
});

describe('a rerun', () => {
  test('is a separate run with the same input, version and limits', async () => {
    const script = `await sdk.result.pushData({ big: input.items[0] })`;
    const { run_slug: first } = await platform.runSync(
      scripted,
      { script, items: ['9007199254740993'] },
      { memory: 777 },
    );
    const { data } = await platform.call<{ run_slug: string }>(`/worker-runs/${first}/rerun`, { body: {} });
    expect(data.run_slug).not.toBe(first);
    const run = await platform.finished(data.run_slug);
    expect(run).toMatchObject({ status: 'succeeded', version: 'v1.0.1', results: 1 });
    expect((await platform.results(run.slug)).list).toEqual([{ big: '9007199254740993' }]);
    const { rows } = await platform.platform.database.pool.query(
      `SELECT system->>'memory' AS memory FROM run WHERE slug = $1`,
      [run.slug],
    );
    expect(rows).toEqual([{ memory: '777' }]);
  });

  test('can be synchronous, for the last run of a worker too', async () => {
    const { run_slug: first } = await runScript(`await sdk.result.pushData({ n: 1 })`);
    const { data } = await platform.call<{ run_slug: string; results: { count: number } }>(
      `/workers/${scripted}/runs/last/rerun`,
      { body: { is_async: false } },
    );
    expect(data).toMatchObject({ run_status: 'succeeded', is_finished: true, results: { count: 1 } });
    expect(data.run_slug).not.toBe(first);
  });
});
