/** Runs are deleted, pinned and labeled, one or several at a time. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';

interface CaredRun extends RunShape {
  pinned: boolean;
  labels: string[];
}
interface Outcomes {
  results: { run_slug: string; success: boolean; new_run_slug?: string; error?: string }[];
}

let platform: TestPlatform;
let worker: string;
let otherKey: string;
beforeAll(async () => {
  platform = await startTestPlatform({ pinnedRunLimit: 3 });
  worker = await publishScriptedWorker(platform, 'Scripted');
  otherKey = (await platform.otherAccount('other')).key;
});
afterAll(async () => platform.close());

const keepsOne = `await sdk.result.pushData({ kept: true });
  await fetch(process.env.CHELA_FILES_URL + '/page.html', { method: 'PUT', body: '<p>' });`;

async function endedRun(script = '', fields: object = {}): Promise<string> {
  const body = { input: { parameters: { custom: { script, items: ['one'] } } }, ...fields };
  const { data, message } = await platform.call<{ run_slug: string }>(`/workers/${worker}/runs`, { body });
  expect(message).toBe('success');
  await platform.finished(data.run_slug);
  return data.run_slug;
}

/** A run that ends only when it is aborted. */
async function runningRun(): Promise<string> {
  const slug = await platform.runAsync(worker, {
    script: `console.log('waits'); await new Promise((resolve) => setTimeout(resolve, 1e9));`,
    items: ['one'],
  });
  await platform.logged(slug, 'waits');
  return slug;
}

async function abort(slug: string): Promise<void> {
  await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
  await platform.finished(slug);
}

async function read(slug: string): Promise<CaredRun> {
  return (await platform.call<CaredRun>(`/worker-runs/${slug}`)).data;
}

async function change(slug: string, body: object, key?: string) {
  return platform.call<CaredRun>(`/worker-runs/${slug}`, { method: 'PUT', body, key });
}

async function remove(slug: string, key?: string) {
  return platform.call(`/worker-runs/${slug}`, { method: 'DELETE', key });
}

async function listed(query: string): Promise<string[]> {
  const { data } = await platform.call<{ count: number; list: CaredRun[] }>(`/worker-runs?${query}`);
  expect(data.count).toBe(data.list.length);
  return data.list.map(({ slug }) => slug);
}

async function bulk(action: string, body: object, key?: string): Promise<Outcomes['results']> {
  const { data, message } = await platform.call<Outcomes>(`/worker-runs/${action}`, { body, key });
  expect(message).toBe('success');
  return data.results;
}

/** Sums of all runs. Percentiles are left out: they are exact only while all runs are there. */
async function totals(): Promise<unknown> {
  const { data } = await platform.call<{ totals: Record<string, unknown> }>('/statistics/runs');
  return Object.fromEntries(Object.entries(data.totals).filter(([name]) => !name.startsWith('duration_')));
}

/** Number of rows, lines, files and exports of a run in the database. */
async function stored(runId: number): Promise<number[]> {
  const counts = ['result_row', 'log_line', 'subtask', 'callback', 'removed_run'].map(async (table) => {
    const found = await platform.platform.database.pool.query(`SELECT FROM ${table} WHERE run_id = $1`, [
      runId,
    ]);
    return found.rowCount ?? 0;
  });
  return Promise.all(counts);
}

async function keyOf(slug: string): Promise<number> {
  const { rows } = await platform.platform.database.pool.query('SELECT id FROM run WHERE slug = $1', [slug]);
  return rows[0].id;
}

/** Names of the blobs of files and exports. */
async function blobs(): Promise<string[]> {
  const folder = path.join(platform.platform.config.dataDir, 'storage');
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && /\/(?:files|exports)(?:\/|$)/.test(entry.parentPath))
    .map(({ name }) => name);
}

describe('deleting a run', () => {
  test('removes everything of it, keeps the statistics, and makes the next newest run the last one', async () => {
    const older = await endedRun();
    const slug = await endedRun(keepsOne, { callback_url: 'https://client.example.com/callback' });
    const made = await platform.call<{ export_slug: string; download_url: string }>(
      `/worker-runs/${slug}/result/export?format=csv`,
    );
    expect(made.message).toBe('success');
    const { data: files } = await platform.call<{ list: { download_url: string }[] }>(
      `/worker-runs/${slug}/files`,
    );
    const id = await keyOf(slug);
    expect((await stored(id)).slice(0, 3)).not.toContain(0);
    expect(await blobs()).toHaveLength(2);
    const before = await totals();

    expect(await remove(slug)).toMatchObject({ status: 200, message: 'success' });

    for (const part of ['', '/result', '/log', '/files', '/input', '/usage', '/callbacks', '/subtasks'])
      expect(await platform.call(`/worker-runs/${slug}${part}`)).toMatchObject({ status: 404, code: 11004 });
    for (const link of [made.data.download_url, files.list[0]?.download_url ?? ''])
      expect((await fetch(link)).status).toBe(404);
    expect((await platform.call<CaredRun>('/worker-runs/last')).data.slug).toBe(older);
    expect((await platform.call<CaredRun>(`/workers/${worker}/runs/last`)).data.slug).toBe(older);
    expect(await totals()).toEqual(before);
    await eventually(async () => ((await stored(id)).every((count) => count === 0) ? true : undefined));
    await eventually(async () => ((await blobs()).length === 0 ? true : undefined));
    const { data: audit } = await platform.call<{ list: object[] }>('/audit-log');
    expect(audit.list[0]).toMatchObject({ action: 'run.deleted', subject: slug, actor: 'tester' });
  });

  test('is refused while it runs, with what to do', async () => {
    const slug = await runningRun();
    expect(await remove(slug)).toMatchObject({
      status: 400,
      code: 70002,
      message: `run ${slug} is running: abort it before you delete it`,
    });
    await abort(slug);
    expect(await remove(slug)).toMatchObject({ status: 200 });
  });

  test('at the same time as others do it deletes it once', async () => {
    const slug = await endedRun();
    expect(await remove('last')).toMatchObject({
      status: 405,
      message: 'name the run to delete by its slug',
    });
    const answers = await Promise.all(Array.from({ length: 4 }, async () => remove(slug)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404, 404, 404]);
  });

  test('of a task makes the run before it the last one of the task', async () => {
    const input = { parameters: { custom: { script: '', items: ['one'] } } };
    const { data: task } = await platform.call<{ slug: string }>('/worker-tasks', {
      body: { worker_id: worker, title: 'Task', input },
    });
    const started: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const { data } = await platform.call<{ run_slug: string }>(`/worker-tasks/${task.slug}/runs`, {
        body: {},
      });
      await platform.finished(data.run_slug);
      started.push(data.run_slug);
    }
    const last = async () =>
      (await platform.call<{ last_run_id: string; run_times: number }>(`/worker-tasks/${task.slug}`)).data;
    await remove(started[1] ?? '');
    expect(await last()).toMatchObject({ last_run_id: started[0], run_times: 2 });
    await remove(started[0] ?? '');
    expect(await last()).toMatchObject({ last_run_id: '', run_times: 2 });
  });

  test('is completed by a later start if the process ends before the content is removed', async () => {
    const { database } = platform.platform;
    const slug = await endedRun(keepsOne);
    const id = await keyOf(slug);
    // What the transaction leaves behind.
    await database.pool.query(
      `WITH deleted AS (DELETE FROM run WHERE id = $1 RETURNING id, day)
       INSERT INTO removed_run (run_id, day) SELECT id, day FROM deleted`,
      [id],
    );
    expect((await stored(id)).slice(0, 2)).not.toContain(0);
    await Promise.all([platform.platform.removal.clean(), platform.platform.removal.clean()]);
    expect(await stored(id)).toEqual([0, 0, 0, 0, 0]);
    expect(await blobs()).toEqual([]);
  });
});

describe('labels', () => {
  let labeled: string;
  beforeAll(async () => {
    labeled = await endedRun('', { labels: ['kept'] });
  });

  test('are given at the start, kept by reruns, replaced later, and select runs', async () => {
    const slug = await endedRun('', {
      labels: [' nightly ', 'de\u0301ja\u0300 vu, 100% "夜" 🌙', 'nightly'],
    });
    expect((await read(slug)).labels).toEqual(['nightly', 'd\u00e9j\u00e0 vu, 100% "夜" 🌙']);
    const { data: again } = await platform.call<{ run_slug: string }>(`/worker-runs/${slug}/rerun`, {
      body: {},
    });
    await platform.finished(again.run_slug);
    expect((await read(again.run_slug)).labels).toEqual((await read(slug)).labels);
    const { data: other } = await platform.call<{ run_slug: string }>(`/worker-runs/${slug}/rerun`, {
      body: { labels: [] },
    });
    await platform.finished(other.run_slug);
    expect((await read(other.run_slug)).labels).toEqual([]);

    const query = `label=${encodeURIComponent('de\u0301ja\u0300 vu, 100% "夜" 🌙')}`;
    expect(await listed(query)).toEqual([again.run_slug, slug]);
    expect((await change(slug, { labels: ['weekly'] })).data.labels).toEqual(['weekly']);
    expect(await listed(query)).toEqual([again.run_slug]);
    expect(await listed('label=Weekly')).toEqual([]);
    const { data } = await platform.call<{ list: object[] }>('/run-labels');
    expect(data.list).toContainEqual({ label: 'weekly', runs: 1 });
    expect((await platform.call<{ list: object[] }>('/run-labels', { key: otherKey })).data.list).toEqual([]);
  });

  test('of a held run are those of the run that it becomes', async () => {
    const { data } = await platform.call<{ queue_ref: string }>(`/workers/${worker}/queued-runs`, {
      body: { input: { parameters: { custom: { script: '', items: ['one'] } } }, labels: ['held'] },
    });
    const { data: outcome } = await platform.call<{ results: { run_slug: string }[] }>(
      '/run-queue/items/activate',
      {
        body: { queue_refs: [data.queue_ref] },
      },
    );
    const slug = outcome.results[0]?.run_slug ?? '';
    await platform.finished(slug);
    expect((await read(slug)).labels).toEqual(['held']);
  });

  test.each([
    ['U+0000', ['a\0b']],
    ['a lone surrogate', ['\ud800']],
    ['a line break', ['a\nb']],
    ['an empty label', [' ']],
    ['a long label', ['x'.repeat(61)]],
    ['too many labels', Array.from({ length: 21 }, (_item, index) => `label ${index}`)],
    ['a number', [1]],
    ['no list', 'nightly'],
  ])('with %s are refused with 422', async (_what, labels) => {
    const body = { labels, input: { parameters: { custom: { script: '', items: ['one'] } } } };
    expect((await platform.call(`/workers/${worker}/runs`, { body })).status).toBe(422);
    expect((await change(labeled, { labels })).status).toBe(422);
    expect((await read(labeled)).labels).toEqual(['kept']);
  });

  test('that cannot exist are refused as a filter', async () => {
    expect((await platform.call('/worker-runs?label=%00')).status).toBe(422);
  });
});

describe('pins', () => {
  test('select runs, and an account can have a limited number of them', async () => {
    const runs: string[] = [];
    for (let count = 0; count < 4; count += 1) runs.push(await endedRun());
    const [first = '', second = '', third = '', fourth = ''] = runs;
    expect((await change(first, { pinned: true })).data.pinned).toBe(true);
    const answers = await Promise.all([second, third, fourth].map((slug) => change(slug, { pinned: true })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 400]);
    expect(answers.find(({ status }) => status === 400)?.message).toContain('CHELA_PINNED_RUN_LIMIT');
    // A run that is pinned already counts once.
    expect((await change(first, { pinned: true, labels: ['kept'] })).data).toMatchObject({
      pinned: true,
      labels: ['kept'],
    });
    expect(await listed('pinned=true')).toHaveLength(3);
    expect(await listed('pinned=false&limit=100')).not.toContain(first);
    for (const slug of runs) expect((await change(slug, { pinned: false })).data.pinned).toBe(false);
    expect(await listed('pinned=true')).toEqual([]);
  });
});

describe('several runs', () => {
  test('are rerun, changed and deleted with an outcome for each', async () => {
    const slug = await endedRun('', { labels: ['one'] });
    const second = await endedRun();
    const unknown = '01KKDXV2G26BT7NH4ZQR2R4NPZ';
    const missing = { run_slug: unknown, success: false, error: `run ${unknown} does not exist` };
    expect(await bulk('delete', { run_slugs: ['a\ud800'] })).toMatchObject([{ success: false }]);
    const options = { body: { run_slugs: [slug, slug, unknown] }, headers: { 'idempotency-key': 'again' } };
    const { data: reruns } = await platform.call<Outcomes>('/worker-runs/rerun', options);
    const [{ new_run_slug: started = '' } = {}] = reruns.results;
    expect(reruns.results).toEqual([{ run_slug: slug, success: true, new_run_slug: started }, missing]);
    expect((await platform.call<Outcomes>('/worker-runs/rerun', options)).data).toEqual(reruns);
    await platform.finished(started);

    const body = {
      run_slugs: [slug, unknown, second],
      pinned: true,
      add_labels: ['two'],
      remove_labels: ['one', 'none'],
    };
    expect(await bulk('update', body)).toEqual([
      { run_slug: slug, success: true },
      missing,
      { run_slug: second, success: true },
    ]);
    expect(await read(slug)).toMatchObject({ pinned: true, labels: ['two'] });

    const running = await runningRun();
    expect(await bulk('delete', { run_slugs: [running, slug] })).toMatchObject([
      { success: false, error: `run ${running} is running: abort it before you delete it` },
      { success: true },
    ]);
    expect(await bulk('abort', { run_slugs: [second, running] })).toMatchObject([
      { success: false, error: `run ${second} has already finished: it succeeded` },
      { success: true },
    ]);
    expect((await platform.finished(running)).end_reason).toBe('aborted');
    expect(await bulk('delete', { run_slugs: [running, second, started] })).toMatchObject(
      Array.from({ length: 3 }, () => ({ success: true })),
    );
  });

  test.each([[[]], [Array.from({ length: 101 }, (_item, index) => `run ${index}`)]])(
    'are from 1 to 100',
    async (slugs) => {
      for (const action of ['abort', 'rerun', 'delete', 'update'])
        expect((await platform.call(`/worker-runs/${action}`, { body: { run_slugs: slugs } })).status).toBe(
          422,
        );
    },
  );

  test('of another account do not exist', async () => {
    const slug = await endedRun('', { labels: ['mine'] });
    const missing = [{ run_slug: slug, success: false, error: `run ${slug} does not exist` }];
    for (const action of ['abort', 'rerun', 'delete'])
      expect(await bulk(action, { run_slugs: [slug] }, otherKey)).toEqual(missing);
    expect(await bulk('update', { run_slugs: [slug], pinned: true }, otherKey)).toEqual(missing);
    expect(await change(slug, { pinned: true }, otherKey)).toMatchObject({ status: 404, code: 11004 });
    expect(await remove(slug, otherKey)).toMatchObject({ status: 404, code: 11004 });
    expect(await read(slug)).toMatchObject({ pinned: false, labels: ['mine'] });
  });
});
