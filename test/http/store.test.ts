import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zipFolder } from '../../src/workers/archive.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

interface WorkerPage {
  count: number;
  list: { title: string; path: string; slug: string }[];
  scraper: unknown[];
}

let platform: TestPlatform;
let folder: string;

/** A package whose content depends on `text`. */
async function packageForm(text: string, fields: Record<string, string>): Promise<FormData> {
  await writeFile(path.join(folder, 'main.js'), `console.log(${JSON.stringify(text)});\n`);
  const form = new FormData();
  form.append('scraper_file', new Blob([await buffer(await zipFolder(folder))]), 'package.zip');
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

async function create(title: string, fields: Record<string, string> = {}): Promise<string> {
  const form = await packageForm(title, { title, ...fields });
  const { data } = await platform.call<{ slug: string }>('/workers', { body: form });
  return data.slug;
}

async function publish(slug: string, published = true): Promise<number> {
  return (await platform.call(`/workers/${slug}/store`, { method: 'PUT', body: { published } })).status;
}

async function storeTitles(query: string): Promise<string[]> {
  const { data } = await platform.call<WorkerPage>(`/store?${query}`, { key: '' });
  return data.list.map(({ title }) => title);
}

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-package-'));
  await writeFile(path.join(folder, 'package.json'), '{}');
  await writeFile(path.join(folder, 'README.md'), '# Package\n');
  await writeFile(path.join(folder, 'input_schema.json'), '{"properties": []}');
});

afterAll(async () => {
  await platform.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the store', () => {
  test('lists only public workers, to anybody, best match first', async () => {
    const maps = await create('Maps places');
    const placesOfMaps = await create('Places on maps', { categories: '7' });
    const plain = await create('Places');
    await create('Places kept private');
    for (const slug of [maps, placesOfMaps, plain]) expect(await publish(slug)).toBe(200);

    expect(await storeTitles('keyword=places')).toEqual(['Places', 'Places on maps', 'Maps places']);
    expect(await storeTitles('keyword=PLACES%20ON')).toEqual(['Places on maps']);
    expect(await storeTitles('keyword=tester/maps')).toEqual(['Maps places']);
    expect(await storeTitles(`keyword=${plain.toLowerCase()}`)).toEqual(['Places']);
    expect(await storeTitles('category=7')).toEqual(['Places on maps']);
    expect(await storeTitles('keyword=100%25')).toEqual([]);
    expect(await storeTitles('limit=2')).toEqual(['Places', 'Places on maps']);
    expect(await storeTitles('limit=2&offset=2')).toEqual(['Maps places']);
  });

  test('returns its workers under two names', async () => {
    const { data } = await platform.call<WorkerPage>('/store', { key: '' });
    expect(data.scraper).toEqual(data.list);
  });

  test('a worker made private is invisible to others again', async () => {
    const slug = await create('Here today');
    const other = await platform.otherAccount('reader');
    expect((await platform.call(`/workers/${slug}`, { key: other.key })).status).toBe(404);
    await publish(slug);
    expect((await platform.call(`/workers/${slug}`, { key: other.key })).status).toBe(200);
    await publish(slug, false);
    expect((await platform.call(`/workers/${slug}`, { key: other.key })).status).toBe(404);
    expect((await platform.call(`/workers/${slug}`)).status).toBe(200);
  });

  test("another account's public worker can be run, but not changed or given a version", async () => {
    const slug = await create('Mine alone');
    await publish(slug);
    const { key } = await platform.otherAccount('stranger');
    const put = { method: 'PUT', key, body: { published: false } };
    expect((await platform.call(`/workers/${slug}/store`, put)).status).toBe(404);
    const body = await packageForm('stolen', {});
    expect((await platform.call(`/workers/${slug}/versions`, { key, body })).status).toBe(404);
    const change = { method: 'PUT', key, body: await packageForm('stolen', {}) };
    expect((await platform.call(`/workers/${slug}/versions/v1.0.1`, change)).status).toBe(404);
    expect((await platform.call(`/workers/${slug}/runs`, { key, body: {} })).status).toBe(200);
  });
});

describe('versions', () => {
  test('a description can change without a package, and a package without a description', async () => {
    const slug = await create('Versioned');
    const change = new FormData();
    change.append('description', 'Now with words');
    change.append('categories', '3');
    const url = `/workers/${slug}/versions/latest`;
    expect((await platform.call(url, { method: 'PUT', body: change })).status).toBe(200);
    const described = await platform.call(`/workers/${slug}/internal`);
    expect(described.data).toMatchObject({
      title: 'Versioned',
      description: 'Now with words',
      categories: 3,
      version: 'v1.0.1',
    });

    const body = await packageForm('changed', {});
    const replaced = await platform.call<{ version: string }>(url, { method: 'PUT', body });
    expect(replaced.data.version).toBe('v1.0.1');
    const again = await platform.call(url, { method: 'PUT', body: await packageForm('changed', {}) });
    expect([again.status, again.code, again.message]).toEqual([400, 11000, 'Script package is unchanged']);
  });

  test('a missing version cannot be changed', async () => {
    const slug = await create('Only one version');
    const body = await packageForm('changed', {});
    const answer = await platform.call(`/workers/${slug}/versions/v9.9.9`, { method: 'PUT', body });
    expect([answer.status, answer.code]).toEqual([400, 50003]);
  });
});

describe('regions of the proxy', () => {
  test('without configuration there is one: direct', async () => {
    const { data } = await platform.call('/proxy/region', { key: '' });
    expect(data).toEqual({ list: [{ code: 'DIRECT', name: 'Direct' }] });
  });

  test('configured ones are named in the requested language, in English if they have no name in it', async () => {
    const proxyRegions = new Map([
      ['US', 'socks5://127.0.0.1:1'],
      ['DE', 'http://127.0.0.1:2'],
    ]);
    const regional = await startTestPlatform({ proxyRegions }, { api: true, runner: false });
    try {
      const names = async (language: string): Promise<string[]> => {
        const { data } = await regional.call<{ list: { name: string }[] }>(
          `/proxy/region?language=${language}`,
        );
        return data.list.map(({ name }) => name);
      };
      expect(await names('de')).toEqual(['Vereinigte Staaten', 'Deutschland']);
      expect(await names('zh')).toEqual(['美国', '德国']);
      expect(await names('not a language')).toEqual(['United States', 'Germany']);
      expect(await names('')).toEqual(['United States', 'Germany']);
    } finally {
      await regional.close();
    }
  });
});
