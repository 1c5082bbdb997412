import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { makePublic, publishWorker } from './packages.ts';

const schemaText =
  '{"description":"Ünïcode 你好","properties":[' +
  '{"name":"n","title":"N","type":"integer","editor":"number","description":"Big.","required":true,"default":12345678901234567890},' +
  '{"required":false,"description":"Odd.","editor":"input","type":"string","title":"Zero","name":"0"}]}';

const notFound = { status: 404, code: 11004 };

let platform: TestPlatform;
let slug: string;
let otherKey: string;
let otherPrivate: string;
let otherPublic: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  slug = await publishWorker(platform, 'Maps & Co. 100%', {
    description: 'Reads maps.',
    files: { 'input_schema.json': `\uFEFF${schemaText}`, 'README.md': '# Mäps\n' },
  });
  otherKey = (await platform.otherAccount('other')).key;
  otherPrivate = await publishWorker(platform, 'Private', { key: otherKey });
  otherPublic = await publishWorker(platform, 'Public', { key: otherKey });
  await makePublic(platform, otherPublic);
});
afterAll(async () => platform.close());

const listed = () => ({
  slug,
  name: 'maps-co-100',
  username: 'tester',
  path: 'tester~maps-co-100',
  title: 'Maps & Co. 100%',
  description: 'Reads maps.',
  categories: 0,
  version: 'v1.0.1',
  is_public: false,
  icon_url: '',
});

describe('lists', () => {
  interface WorkerPage {
    count: number;
    list: unknown[];
    scraper: unknown[];
  }

  test("GET /workers returns the account's own, under two names", async () => {
    const { data } = await ask<WorkerPage>(platform, '/workers');
    expect(data).toEqual({ count: 1, list: [listed()], scraper: [listed()], page_index: 1, page_size: 20 });
  });

  test('GET /store returns the public ones, to everybody', async () => {
    for (const key of ['', platform.key, otherKey]) {
      const { data } = await ask<WorkerPage>(platform, '/store', { key });
      expect(data.list).toEqual([expect.objectContaining({ slug: otherPublic, path: 'other~public' })]);
      expect(data.scraper).toEqual(data.list);
    }
  });

  test.each([
    ['part of the title', 'aps &'],
    ['the title in another case', 'MAPS & CO'],
    ['a percent sign in the title', '100%'],
    ['part of the path', 'ter~map'],
    ['the path with a slash', 'tester/maps-co-100'],
    ['the empty keyword', ''],
  ])('keyword finds by %s', async (_name, keyword) => {
    const { data } = await ask<WorkerPage>(platform, `/workers?keyword=${encodeURIComponent(keyword)}`);
    expect(data.count).toBe(1);
  });

  test('keyword finds by part of the slug, in any case', async () => {
    const keyword = slug.slice(3, 20).toLowerCase();
    expect((await ask<WorkerPage>(platform, `/workers?keyword=${keyword}`)).data.count).toBe(1);
    expect((await ask<WorkerPage>(platform, '/store?keyword=blic')).data.count).toBe(1);
  });

  test.each(['_aps', '%', 'm%s', String.raw`\\`, "'", 'private', '你好', '\uD800', 'x'.repeat(200)])(
    'keyword takes every character literally, and finds nothing by %j',
    async (keyword) => {
      const sign = keyword === '%' ? '%%' : keyword;
      const query = sign === '\uD800' ? '%ED%A0%80' : encodeURIComponent(sign);
      expect((await ask<WorkerPage>(platform, `/workers?keyword=${query}`)).data.count).toBe(0);
    },
  );

  test.each(['/workers', '/store'])('%s: a keyword given twice, or with U+0000, is 422', async (path) => {
    for (const query of ['keyword=a&keyword=b', 'keyword=%00']) {
      expect(errorOf(await ask(platform, `${path}?${query}`))).toEqual({ status: 422, code: 11000 });
    }
  });
});

describe('detail', () => {
  test('is the same by slug, by owner~name and by an encoded tilde', async () => {
    const detail = {
      name: 'maps-co-100',
      username: 'tester',
      version: 'v1.0.1',
      readme: '# Mäps',
      parameters: {
        system: {
          cpus: 1,
          memory: 2048,
          execute_limit_time_seconds: 1800,
          max_total_charge: 0,
          max_total_traffic: 0,
          proxy_region: '',
        },
        custom: JSON.parse(schemaText) as unknown,
      },
    };
    for (const workerId of [slug, 'tester~maps-co-100', 'tester%7Emaps-co-100']) {
      expect((await ask(platform, `/workers/${workerId}`)).data).toEqual(detail);
    }
  });

  test.each(['', '/input-schema', '/runs', '/runs/last', '/runs/last/log', '/runs/last/abort'])(
    'is 404 for an invalid identifier or an invisible worker: /workers/…%s',
    async (operation) => {
      const method = /runs$|abort$/.test(operation) ? 'POST' : 'GET';
      const workerIds = [
        'tester%2Fmaps-co-100',
        'tester%2fmaps-co-100',
        'tester~nothing',
        'nobody~maps-co-100',
        'tester~',
        '~maps-co-100',
        '~',
        'tester~maps-co-100~',
        'tester~Maps-co-100',
        'maps-co-100',
        '1',
        slug.toLowerCase(),
        slug.slice(1),
        `${slug}0`,
        '01KKDXTQ8S5W1C9J4Y6M3B7A0E',
        encodeURIComponent('你~好'),
        '%20',
        '%00',
        'a%00b',
        "'%20OR%201=1--",
        otherPrivate,
        'other~private',
      ];
      for (const workerId of workerIds) {
        const answer = await ask(platform, `/workers/${workerId}${operation}`, { method });
        expect({ workerId, ...errorOf(answer) }).toEqual({ workerId, ...notFound });
      }
    },
  );

  test('is public for other accounts, and private for its owner', async () => {
    expect((await ask(platform, '/workers/other~public')).code).toBe(0);
    expect((await ask(platform, `/workers/${otherPrivate}`, { key: otherKey })).code).toBe(0);
  });
});

describe('input schema', () => {
  test('is the original file: big integers and key order kept, byte order mark removed', async () => {
    for (const workerId of [slug, 'tester~maps-co-100']) {
      const response = await fetch(`${platform.url}/api/v2/workers/${workerId}/input-schema`, {
        headers: { 'api-key': platform.key },
      });
      expect(await response.text()).toContain(`"data":{"input_schema":${schemaText}}`);
    }
  });

  test('of a public worker is readable by everybody, of a private one by its owner', async () => {
    expect((await ask(platform, '/workers/other~public/input-schema', { key: '' })).code).toBe(0);
    for (const key of ['', 'wrong']) {
      expect(errorOf(await ask(platform, `/workers/${slug}/input-schema`, { key }))).toEqual(notFound);
    }
  });
});
