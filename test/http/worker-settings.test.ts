import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type RunShape, type TestPlatform } from '../support/test-platform.ts';
import type { WorkerNetwork } from '../../src/answers/worker-network.ts';
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
      is_current: false,
      becomes_current: true,
      source: 'upload',
      git: null,
      language: 'node',
      entry: 'main.js',
      install: { status: 'waiting', err_msg: '', started_at: 0, finished_at: 0 },
    },
    { version: 'v1.0.1', is_current: true, becomes_current: false, install: { status: 'none' } },
  ]);
  expect(data.list[0]?.['package_bytes']).toBeGreaterThan(100);
  expect(data.list[0]?.['warnings']).toContainEqual(expect.objectContaining({ file: 'README.md' }));
  const second = await ask<{ list: unknown[] }>(platform, `/workers/${slug}/versions?limit=1&offset=2`);
  expect(second.data.list).toMatchObject([{ version: 'v1.0.1' }]);
  const log = await ask(platform, `/workers/${slug}/versions/v1.0.2/install-log`);
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

describe('the allow-list of a worker', () => {
  let slug: string;
  beforeAll(async () => {
    const files = { 'network.json': JSON.stringify({ hosts: ['Declared.example'] }) };
    slug = await publishWorker(platform, 'Allow-list', { files });
  });

  async function network(key?: string) {
    return ask<WorkerNetwork>(platform, `/workers/${slug}/network`, { key });
  }

  async function start(allowed_hosts: unknown) {
    const body = { input: { parameters: { custom: {}, system: { allowed_hosts } } } };
    return ask<{ run_slug: string }>(platform, `/workers/${slug}/runs`, { body });
  }

  test('is off until its owner sets one', async () => {
    expect((await network()).data).toMatchObject({
      allowed_hosts: null,
      declared_hosts: ['declared.example'],
      proposal: { hosts: [], runs: 0, is_complete: true },
    });
    const allowed_hosts = ['Example.com.', '*.shop.example:443', 'example.com', '10.0.0.0/8'];
    expect((await change(slug, { allowed_hosts })).code).toBe(0);
    expect((await network()).data.allowed_hosts).toEqual(['example.com', '*.shop.example:443', '10.0.0.0/8']);
    expect((await change(slug, { title: 'Same list' })).code).toBe(0);
    expect((await network()).data.allowed_hosts).toHaveLength(3);
    expect((await change(slug, { allowed_hosts: [] })).code).toBe(0);
    expect((await network()).data.allowed_hosts).toEqual([]);
    expect((await change(slug, { allowed_hosts: null })).code).toBe(0);
    expect((await network()).data.allowed_hosts).toBeNull();
  });

  test('is refused with every invalid entry, and stays as it is', async () => {
    const wrong = await change(slug, { allowed_hosts: ['ok.example', 'https://a.example', '*'] });
    expect(errorOf(wrong)).toMatchObject({ status: 400 });
    expect(wrong.details).toEqual(
      ['"https://a.example"', '"*"'].map((entry) =>
        expect.stringContaining(`allowed_hosts: ${entry} is not a host: write a name`),
      ),
    );
    expect((await change(slug, { allowed_hosts: 'ok.example' })).status).toBe(422);
    expect((await network()).data.allowed_hosts).toBeNull();
  });

  test('is neither seen nor changed by other accounts', async () => {
    expect(errorOf(await network(otherKey))).toMatchObject(notFound);
    expect(errorOf(await change(slug, { allowed_hosts: [] }, otherKey))).toMatchObject(notFound);
  });

  test('can only be narrowed by a run', async () => {
    expect((await start(['anything.example'])).code).toBe(0);
    await change(slug, { allowed_hosts: ['*.shop.example', '10.0.0.0/8'] });
    const started = await start(['www.shop.example:443', '10.1.0.0/16']);
    expect(started.code).toBe(0);
    expect((await start([])).code).toBe(0);
    expect((await start(null)).code).toBe(0);
    const wider = await start(['www.shop.example', 'shop.example', '0.0.0.0/0']);
    expect(errorOf(wider)).toMatchObject({ status: 400 });
    expect(wider.details).toEqual(
      ['shop.example', '0.0.0.0/0'].map((entry) =>
        expect.stringContaining(`allowed_hosts: ${entry} is not on the worker's allow-list`),
      ),
    );
    for (const wrong of ['www.shop.example', [7], ['https://www.shop.example'], { 0: 'a' }])
      expect(errorOf(await start(wrong))).toMatchObject({ status: 400 });
    // Narrowed in the meantime.
    await change(slug, { allowed_hosts: ['10.0.0.0/8'] });
    const again = await ask(platform, `/worker-runs/${started.data.run_slug}/rerun`, { body: {} });
    expect(errorOf(again)).toMatchObject({ status: 400 });
    await change(slug, { allowed_hosts: null });
  });

  test('is proposed from the hosts of successful runs of the account', async () => {
    const [good = '', bad = ''] = await startRuns(platform, slug, 2);
    const { pool } = platform.platform.database;
    await pool.query(
      `UPDATE run SET status = CASE slug WHEN $1 THEN 'succeeded' ELSE 'failed' END, finished_at = now() WHERE slug IN ($1, $2)`,
      [good, bad],
    );
    await pool.query(
      `INSERT INTO run_host (run_id, subtask, host, port, outcome, connections, sent_bytes, received_bytes, first_at, last_at)
       SELECT id, 1, host, port, outcome, 1, 0, 0, now(), now() FROM run, (VALUES ($1, 'good.example', 443, 'connected'),
         ($1, 'refused.example', 443, 'no_answer'), ($1, '', 0, 'connected'), ($2, 'bad.example', 443, 'connected'))
         AS seen (slug, host, port, outcome) WHERE run.slug = seen.slug`,
      [good, bad],
    );
    expect((await network()).data.proposal).toEqual({ hosts: ['good.example'], runs: 1, is_complete: false });
  });
});
