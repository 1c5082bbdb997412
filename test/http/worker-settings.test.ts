import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { packageZip, publishWorker, startRuns, uploadForm } from './packages.ts';

let platform: TestPlatform;
let otherKey: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  otherKey = (await platform.otherAccount('other')).key;
});
afterAll(async () => platform.close());

const notFound = { status: 404, code: 11004 };
/** The smallest possible PNG. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABXvMqOgAAAABJRU5ErkJggg==';

interface Description {
  title: string;
  categories: number;
  icon_url: string;
}

async function change(workerId: string, body: object, key?: string) {
  return ask(platform, `/workers/${workerId}`, { method: 'PUT', body, key });
}

async function described(workerId: string, key?: string): Promise<Description> {
  return (await ask<Description>(platform, `/workers/${workerId}/internal`, { key })).data;
}

describe('the settings of a worker', () => {
  let slug: string;
  beforeAll(async () => {
    slug = await publishWorker(platform, 'Settings', { description: 'As uploaded.' });
  });

  test('change the fields they name and keep the rest', async () => {
    expect((await change(slug, { title: 'Renamed', categories: 7 })).code).toBe(0);
    expect(await described(slug)).toMatchObject({
      slug,
      path: 'tester~settings',
      title: 'Renamed',
      description: 'As uploaded.',
      categories: 7,
      is_public: false,
    });
    await change(slug, { description: '', categories: 0, is_public: true });
    expect(await described(slug, otherKey)).toMatchObject({
      title: 'Renamed',
      description: '',
      categories: 0,
    });
    await change(slug, { is_public: false });
    expect(errorOf(await ask(platform, `/workers/${slug}/internal`, { key: otherKey }))).toEqual(notFound);
  });

  test('can be changed only by the owner', async () => {
    expect(errorOf(await change(slug, { title: 'Mine' }, otherKey))).toEqual(notFound);
    await change(slug, { is_public: true });
    expect(errorOf(await change(slug, { title: 'Mine' }, otherKey))).toEqual(notFound);
    expect(await described(slug)).toMatchObject({ title: 'Renamed' });
  });

  test.for([
    { title: '' },
    { title: 'x'.repeat(201) },
    { categories: -1 },
    { categories: '1' },
    { name: 'x' },
  ])('are refused with %j', async (body) => {
    expect(errorOf(await change(slug, body))).toEqual({ status: 422, code: 11000 });
  });

  test('include an icon, which is served with its image type', async () => {
    expect((await described(slug)).icon_url).toBe('');
    await change(slug, { icon: `data:image/png;base64,${pixel}` });
    const { icon_url: iconUrl } = await described(slug);
    const response = await fetch(`${platform.url}${iconUrl}`);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(Buffer.from(await response.arrayBuffer()).toString('base64')).toBe(pixel);
    await change(slug, { icon: '' });
    expect((await described(slug)).icon_url).toBe('');
    expect((await fetch(`${platform.url}${iconUrl}`)).status).toBe(404);
  });

  test.for([
    ['a program', `data:image/svg+xml;base64,${Buffer.from('<svg/>').toString('base64')}`],
    ['a page declared as PNG', `data:image/png;base64,${Buffer.from('<script>').toString('base64')}`],
    ['an address', 'https://pictures.example/x.png'],
  ])('reject an icon that is %s', async ([, icon]) => {
    expect(errorOf(await change(slug, { icon }))).toEqual({ status: 400, code: 11000 });
  });
});

test('versions are listed newest first, for their owner', async () => {
  const slug = await publishWorker(platform, 'Listed');
  const manifest = JSON.stringify({ dependencies: { 'is-number': '7.0.0' } });
  const form = uploadForm(packageZip({ 'package.json': manifest, 'README.md': undefined }));
  await ask(platform, `/workers/${slug}/versions`, { body: form });
  const { data } = await ask<{ count: number; list: Record<string, unknown>[] }>(
    platform,
    `/workers/${slug}/versions`,
  );
  expect(data.count).toBe(2);
  expect(data.list).toMatchObject([
    {
      version: 'v1.0.2',
      is_current: true,
      source: 'upload',
      git: null,
      language: 'node',
      entry: 'main.js',
      install: { status: 'waiting', err_msg: '', started_at: 0, finished_at: 0 },
    },
    { version: 'v1.0.1', is_current: false, install: { status: 'none' } },
  ]);
  expect(data.list[0]?.['package_bytes']).toBeGreaterThan(100);
  expect(data.list[0]?.['warnings']).toContainEqual(expect.objectContaining({ file: 'README.md' }));
  const second = await ask<{ list: unknown[] }>(platform, `/workers/${slug}/versions?limit=1&offset=2`);
  expect(second.data.list).toMatchObject([{ version: 'v1.0.1' }]);
  const log = await ask(platform, `/workers/${slug}/versions/latest/install-log`);
  expect(log.data).toMatchObject({ status: 'waiting', lines: [], is_truncated: false });
  for (const part of ['', '/latest', '/latest/install-log']) {
    const answer = await ask(platform, `/workers/${slug}/versions${part}`, { key: otherKey });
    expect(errorOf(answer)).toEqual(notFound);
  }
});

describe('a deleted worker', () => {
  test('is gone; its runs stay, its name is free, and its tasks and held runs end', async () => {
    const slug = await publishWorker(platform, 'Doomed');
    const [run = ''] = await startRuns(platform, slug, 1);
    const input = { parameters: { custom: {} } };
    await ask(platform, `/workers/${slug}/queued-runs`, { body: { input } });
    const task = await ask<{ slug: string }>(platform, '/worker-tasks', {
      body: {
        worker_id: slug,
        title: 'Task',
        input,
        schedule_enabled: 1,
        schedule_type: 1,
        schedule_time: '10:00',
      },
    });
    expect(task.message).toBe('success');
    const remove = async (key?: string) => ask(platform, `/workers/${slug}`, { method: 'DELETE', key });
    expect(errorOf(await remove(otherKey))).toEqual(notFound);
    expect((await remove()).code).toBe(0);
    expect(errorOf(await remove())).toEqual(notFound);

    for (const workerId of [slug, 'tester~doomed']) {
      for (const part of ['', '/input-schema', '/internal', '/runs/last', '/versions']) {
        expect(errorOf(await ask(platform, `/workers/${workerId}${part}`))).toEqual(notFound);
      }
    }
    const { data } = await ask<RunShape>(platform, `/worker-runs/${run}`);
    expect(data).toMatchObject({ scraper_slug: slug, scraper_title: 'Doomed', version: 'v1.0.1' });
    const rerun = await ask(platform, `/worker-runs/${run}/rerun`, { method: 'POST' });
    expect(errorOf(rerun)).toEqual({ status: 400, code: 70001 });
    const kept = await ask(platform, `/worker-tasks/${task.data.slug}`);
    expect(kept.data).toMatchObject({ worker_slug: slug, schedule_enabled: 0 });
    const started = await ask(platform, `/worker-tasks/${task.data.slug}/runs`, { method: 'POST' });
    expect(errorOf(started)).toEqual({ status: 400, code: 60001 });
    const held = await ask<{ list: { worker_slug: string; reason: string }[] }>(
      platform,
      '/run-queue/items?status=inactive',
    );
    expect(held.data.list).toContainEqual(
      expect.objectContaining({ worker_slug: slug, reason: 'the worker was deleted' }),
    );
    expect(await publishWorker(platform, 'Doomed')).not.toBe(slug);
  });
});
