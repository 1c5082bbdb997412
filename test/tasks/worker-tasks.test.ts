import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorOf } from '../http/checked-answer.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { createTask, getTask, putTask, taskInput, type Page, type TaskShape } from './task-client.ts';

const helloFolder = path.join(import.meta.dirname, '..', '..', 'workers', 'hello');
const unknownSlug = '01KKDXW7N4T0B3R6Y9Z2M5C8F1';
const input = taskInput({ names: ['Ada'] });

let platform: TestPlatform;
let hello: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  hello = await platform.publish(helloFolder, 'Hello');
});
afterAll(async () => platform.close());

async function newTask(fields: Record<string, unknown> = {}): Promise<string> {
  return createTask(platform, { worker_id: hello, title: 'A task', input, ...fields });
}

async function list(query: string): Promise<Page<TaskShape>> {
  return (await platform.call<Page<TaskShape>>(`/worker-tasks?${query}`)).data;
}

describe('a task', () => {
  test('has every field, including omitted ones', async () => {
    const before = Math.floor(Date.now() / 1000);
    const slug = await newTask();
    const task = await getTask(platform, slug);
    expect(task).toEqual({
      id: expect.any(Number),
      slug,
      title: 'A task',
      description: '',
      callback_url: '',
      version: 'latest',
      input,
      worker_slug: hello,
      worker_path: 'tester~hello',
      worker_title: 'Hello',
      run_times: 0,
      last_run_id: '',
      last_modified_at: expect.any(Number),
      schedule_enabled: 0,
      schedule_type: 0,
      schedule_time: '',
      schedule_weekday: 0,
      schedule_day: 0,
      schedule_once_date: '',
      schedule_timezone: '',
      schedule_overlap: 'skip',
      schedule_missed: 'run_once',
      schedule_next_at: 0,
      schedule_last_at: 0,
      schedule_last_outcome: '',
      schedule_last_message: '',
      schedule_missed_count: 0,
      created_at: expect.any(Number),
      updated_at: expect.any(Number),
    });
    expect(task.created_at).toBeGreaterThanOrEqual(before - 1);
    expect([task.updated_at, task.last_modified_at]).toEqual([task.created_at, task.created_at]);
  });

  test('cannot be addressed by its number', async () => {
    const { id } = await getTask(platform, await newTask());
    expect(errorOf(await platform.call(`/worker-tasks/${id}`))).toEqual({ status: 404, code: 11004 });
  });

  test.each(['Täglich für Ödön', '日次レポート', 'تقرير يومي', '🦀 claws', '%_\\ "quoted" <b>'])(
    'has a title in any script: %s',
    async (title) => {
      const slug = await newTask({ title, description: title });
      expect(await getTask(platform, slug)).toMatchObject({ title, description: title });
      expect((await list(`keyword=${encodeURIComponent(title)}`)).list.map((task) => task.slug)).toEqual([
        slug,
      ]);
    },
  );

  test.each([['worker_id'], ['title'], ['input']])('requires %s', async (field) => {
    const body = { worker_id: hello, title: 'A task', input, [field]: undefined };
    const answer = await platform.call('/worker-tasks', { body });
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
    expect(answer.message).toContain(field);
  });

  test.each<[string, Record<string, unknown>, number, number]>([
    ['an unknown worker', { worker_id: unknownSlug }, 404, 11004],
    ['an unknown version', { version: 'v9.9.9' }, 400, 50003],
    ['a blank title', { title: ' ' }, 422, 11000],
    ['an endless title', { title: 'x'.repeat(256) }, 422, 11000],
    ['an unknown field', { cron: '* * * * *' }, 422, 11000],
    ['an input of the wrong shape', { input: { names: ['Ada'] } }, 400, 11000],
    ['an input without a required field', { input: taskInput({}) }, 400, 11000],
  ])('is not created with %s', async (_name, fields, status, code) => {
    const body = { worker_id: hello, title: 'A task', input, ...fields };
    expect(errorOf(await platform.call('/worker-tasks', { body }))).toEqual({ status, code });
  });

  test('may reference its worker by path', async () => {
    expect((await getTask(platform, await newTask({ worker_id: 'tester~hello' }))).worker_slug).toBe(hello);
  });

  test('keeps the given version, with or without its v', async () => {
    expect((await getTask(platform, await newTask({ version: '1.0.1' }))).version).toBe('v1.0.1');
    expect((await getTask(platform, await newTask({ version: 'latest' }))).version).toBe('latest');
  });
});

describe('updating a task', () => {
  test('keeps omitted fields', async () => {
    const slug = await newTask({ description: 'first' });
    expect(await putTask(platform, slug, { title: 'Another' })).toMatchObject({ code: 0, data: {} });
    expect(await getTask(platform, slug)).toMatchObject({ title: 'Another', description: 'first', input });
    await putTask(platform, slug, { description: '' });
    expect(await getTask(platform, slug)).toMatchObject({ title: 'Another', description: '' });
    await putTask(platform, slug, {});
    expect(await getTask(platform, slug)).toMatchObject({ title: 'Another', description: '' });
  });

  test('cannot change its worker or input', async () => {
    const slug = await newTask();
    for (const changes of [{ input }, { worker_id: hello }, { version: 'latest' }]) {
      expect(errorOf(await putTask(platform, slug, changes))).toEqual({ status: 422, code: 11000 });
    }
  });

  test('a deleted task is gone, and cannot be deleted twice', async () => {
    const slug = await newTask();
    const deleted = await platform.call(`/worker-tasks/${slug}`, { method: 'DELETE' });
    expect(deleted).toMatchObject({ status: 200, code: 0, data: undefined });
    for (const method of ['GET', 'DELETE']) {
      const again = await platform.call(`/worker-tasks/${slug}`, { method });
      expect(errorOf(again)).toEqual({ status: 404, code: 11004 });
    }
  });
});

describe('the input of a task', () => {
  const inputText =
    '{"parameters":{"custom":{"names":["Ada"],"z":1,"a":90071992547409931234567890,"0":1e400,"text":"\\u0000 & <é>"},"system":{}}}';

  test('is returned as sent, with numbers of any size', async () => {
    const body = `{"worker_id":"${hello}","title":"Big","input":${inputText}}`;
    const { data } = await platform.call<{ slug: string }>('/worker-tasks', { body });
    const answer = await fetch(`${platform.url}/api/v2/worker-tasks/${data.slug}/input`, {
      headers: { authorization: `Bearer ${platform.key}` },
    });
    const answered = await answer.text();
    expect(answered).toContain('"a":90071992547409931234567890');
    expect(answered).toContain('1e400');
    expect(JSON.parse(answered)).toMatchObject({
      data: { input: JSON.parse(inputText), version: 'latest' },
    });
  });

  test('can be replaced, with a version or without', async () => {
    const slug = await newTask({ version: 'v1.0.1' });
    const other = taskInput({ names: ['Grace'] });
    const url = `/worker-tasks/${slug}/input`;
    expect(await platform.call(url, { method: 'PUT', body: { input: other } })).toMatchObject({
      code: 0,
      data: {},
    });
    expect((await platform.call(url)).data).toEqual({ input: other, version: 'v1.0.1' });
    await platform.call(url, { method: 'PUT', body: { input, version: 'latest' } });
    expect((await platform.call(url)).data).toEqual({ input, version: 'latest' });
  });

  test.each<[string, Record<string, unknown>, number, number]>([
    ['without an input', { version: 'latest' }, 422, 11000],
    ['with one that cannot run', { input: taskInput({}) }, 400, 11000],
    ['with one of the wrong shape', { input: 'names' }, 400, 11000],
    ['with a missing version', { input, version: '7.7.7' }, 400, 50003],
  ])('cannot be replaced %s', async (_name, body, status, code) => {
    const slug = await newTask();
    const url = `/worker-tasks/${slug}/input`;
    expect(errorOf(await platform.call(url, { method: 'PUT', body }))).toEqual({ status, code });
    expect((await platform.call(url)).data).toEqual({ input, version: 'latest' });
  });
});

describe('running a task', () => {
  test('uses its stored input, and increases its run count', async () => {
    const slug = await newTask({ input: taskInput({ names: ['Ada', 'Grace'] }) });
    const { data } = await platform.call<{ run_slug: string }>(`/worker-tasks/${slug}/runs`, {
      method: 'POST',
    });
    const run = await platform.finished(data.run_slug);
    expect(run).toMatchObject({
      origin: 'task',
      status: 'succeeded',
      version: 'v1.0.1',
      scraper_slug: hello,
    });
    expect((await platform.results(run.slug)).list.map((row) => row.id)).toEqual(
      expect.arrayContaining(['Ada', 'Grace']),
    );
    expect(await getTask(platform, slug)).toMatchObject({ run_times: 1, last_run_id: run.slug });
  });

  test('returns the rows if asked to wait', async () => {
    const slug = await newTask();
    const { data } = await platform.call(`/worker-tasks/${slug}/runs`, {
      body: { is_async: false, limit: 1 },
    });
    expect(data).toMatchObject({
      is_finished: true,
      run_status: 'succeeded',
      results: { page_size: 1, count: 1 },
    });
  });

  test('takes no input of its own', async () => {
    const answer = await platform.call(`/worker-tasks/${await newTask()}/runs`, { body: { input } });
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  });

  test('counts each of many concurrent runs', async () => {
    const slug = await newTask();
    const started = await Promise.all(
      Array.from({ length: 20 }, async () =>
        platform.call<{ run_slug: string }>(`/worker-tasks/${slug}/runs`, { method: 'POST' }),
      ),
    );
    const slugs = started.map(({ data }) => data.run_slug);
    expect(new Set(slugs).size).toBe(20);
    const task = await getTask(platform, slug);
    expect(task.run_times).toBe(20);
    expect(slugs).toContain(task.last_run_id);
    for (const run of slugs) await platform.finished(run);
  });

  test('fails with 50003 if its version was deleted', async () => {
    const worker = await platform.publish(helloFolder, 'Moves on');
    const slug = await newTask({ worker_id: worker, version: 'v1.0.1' });
    await platform.platform.database.pool.query(
      `UPDATE worker_version SET version = 'v1.0.2' FROM worker WHERE worker.id = worker_id AND slug = $1`,
      [worker],
    );
    const answer = await platform.call(`/worker-tasks/${slug}/runs`, { method: 'POST' });
    expect(errorOf(answer)).toEqual({ status: 400, code: 50003 });
    expect(answer.message).toContain('v1.0.1');
  });

  test('fails with 60001 if its worker was deleted; the task still names the worker', async () => {
    const worker = await platform.publish(helloFolder, 'Gone soon');
    const slug = await newTask({ worker_id: worker });
    await platform.platform.database.pool.query(
      `WITH worker AS (UPDATE worker SET current_version_id = NULL WHERE slug = $1 RETURNING id)
       DELETE FROM worker_version USING worker WHERE worker_id = worker.id`,
      [worker],
    );
    await platform.platform.database.pool.query('DELETE FROM worker WHERE slug = $1', [worker]);
    const answer = await platform.call(`/worker-tasks/${slug}/runs`, { method: 'POST' });
    expect(errorOf(answer)).toEqual({ status: 400, code: 60001 });
    expect(answer.message).toContain(worker);
    expect(await getTask(platform, slug)).toMatchObject({
      worker_slug: worker,
      worker_path: '',
      worker_title: '',
    });
    expect((await list(`worker_id=${worker}`)).list.map((task) => task.slug)).toEqual([slug]);
    const changed = await platform.call(`/worker-tasks/${slug}/input`, { method: 'PUT', body: { input } });
    expect(errorOf(changed)).toEqual({ status: 400, code: 60001 });
  });

  test('fails with 60001 for others once its worker is private', async () => {
    const other = await platform.otherAccount('borrower');
    await platform.platform.database.pool.query('UPDATE worker SET is_public = true WHERE slug = $1', [
      hello,
    ]);
    const slug = await createTask(
      platform,
      { worker_id: hello, title: 'Borrowed', input },
      { key: other.key },
    );
    await platform.platform.database.pool.query('UPDATE worker SET is_public = false WHERE slug = $1', [
      hello,
    ]);
    const answer = await platform.call(`/worker-tasks/${slug}/runs`, { method: 'POST', key: other.key });
    expect(errorOf(answer)).toEqual({ status: 400, code: 60001 });
  });
});

describe('listing tasks', () => {
  test('is paged, newest first', async () => {
    const slugs: string[] = [];
    for (let number = 0; number < 5; number += 1) slugs.unshift(await newTask({ title: `Paged ${number}` }));
    const pages = [await list('keyword=Paged&limit=2'), await list('keyword=Paged&limit=2&offset=3')];
    expect(pages[0]).toMatchObject({ count: 5, page_index: 1, page_size: 2 });
    expect(pages[0]?.list.map((task) => task.slug)).toEqual(slugs.slice(0, 2));
    expect(pages[1]?.list.map((task) => task.slug)).toEqual(slugs.slice(4));
    expect(await list('keyword=Paged&offset=9')).toMatchObject({ count: 5, list: [] });
  });

  test('by keyword searches title and slug, ignoring case', async () => {
    const slug = await newTask({ title: 'Needle in the hay' });
    await newTask({ title: 'nothing', description: 'needle' });
    for (const keyword of ['needle', 'THE HAY', slug, slug.slice(-10).toLowerCase()]) {
      expect((await list(`keyword=${encodeURIComponent(keyword)}`)).list.map((task) => task.slug)).toEqual([
        slug,
      ]);
    }
    expect(await list('keyword=n%25y')).toMatchObject({ count: 0 });
  });

  test('by worker accepts a slug or path', async () => {
    const worker = await platform.publish(helloFolder, 'Filtered');
    const slug = await newTask({ worker_id: worker });
    for (const id of [worker, 'tester~filtered']) {
      expect((await list(`worker_id=${id}`)).list.map((task) => task.slug)).toEqual([slug]);
    }
    for (const id of [unknownSlug, 'tester~nobody', 'no worker at all']) {
      expect(await list(`worker_id=${encodeURIComponent(id)}`)).toMatchObject({ count: 0, list: [] });
    }
  });
});

test("another account's task is 404", async () => {
  const other = await platform.otherAccount('stranger');
  const slug = await newTask();
  const url = `/worker-tasks/${slug}`;
  for (const [address, method, body] of [
    [url, 'GET'],
    [url, 'PUT', { title: 'Mine' }],
    [url, 'DELETE'],
    [`${url}/input`, 'GET'],
    [`${url}/input`, 'PUT', { input }],
    [`${url}/runs`, 'POST', {}],
  ] as const) {
    const answer = await platform.call(address, { method, body, key: other.key });
    expect(errorOf(answer)).toEqual({ status: 404, code: 11004 });
  }
  expect((await platform.call('/worker-tasks', { key: other.key })).data).toMatchObject({ count: 0 });
  expect(await getTask(platform, slug)).toMatchObject({ title: 'A task', run_times: 0 });
});

test('the number of tasks of an account is limited', async () => {
  const small = await startTestPlatform({ taskLimit: 1 }, { api: true, runner: false });
  try {
    const worker = await small.publish(helloFolder, 'Hello');
    const body = { worker_id: worker, title: 'One', input };
    await createTask(small, body);
    const answer = await small.call('/worker-tasks', { body });
    expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
    expect(answer.message).toContain('1 tasks');
  } finally {
    await small.close();
  }
});

interface RunOfTask {
  slug: string;
  task_slug: string;
  task_title: string;
}

async function runOf(taskSlug: string): Promise<string> {
  const { data } = await platform.call<{ run_slug: string }>(`/worker-tasks/${taskSlug}/runs`, {
    body: {},
  });
  return data.run_slug;
}

async function runs(query: string): Promise<Page<RunOfTask>> {
  return (await platform.call<Page<RunOfTask>>(`/worker-runs?${query}`)).data;
}

describe('a run names its task', () => {
  test('and runs are listed by task', async () => {
    const [task, other] = [await newTask({ title: 'Daily \u00e4\u{1f600}' }), await newTask()];
    const run = await runOf(task);
    await runOf(other);
    const named = { slug: run, task_slug: task, task_title: 'Daily \u00e4\u{1f600}' };
    expect(await runs(`task_slug=${task}`)).toMatchObject({ count: 1, list: [named] });
    expect((await platform.call(`/worker-runs/${run}`)).data).toMatchObject(named);
  });

  test('until the task is deleted', async () => {
    const task = await newTask();
    const run = await runOf(task);
    await platform.call(`/worker-tasks/${task}`, { method: 'DELETE' });
    expect((await platform.call(`/worker-runs/${run}`)).data).toMatchObject({
      task_slug: '',
      task_title: '',
    });
    expect(await runs(`task_slug=${task}`)).toMatchObject({ count: 0, list: [] });
  });

  test('unless it was started without one', async () => {
    const { data } = await platform.call<{ run_slug: string }>(`/workers/${hello}/runs`, { body: { input } });
    expect((await platform.call(`/worker-runs/${data.run_slug}`)).data).toMatchObject({ task_slug: '' });
    const { data: last } = await platform.call<RunOfTask>(`/workers/${hello}/runs/last`);
    expect(last).toMatchObject({ slug: data.run_slug, task_slug: '', task_title: '' });
  });

  test('but not the tasks of other accounts', async () => {
    const task = await newTask();
    await runOf(task);
    const { key } = await platform.otherAccount('task-stranger');
    const { data } = await platform.call<Page<RunOfTask>>(`/worker-runs?task_slug=${task}`, {
      key,
    });
    expect(data).toMatchObject({ count: 0, list: [] });
  });
});
