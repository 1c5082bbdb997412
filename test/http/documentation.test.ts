import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

async function read(address: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(address, platform.url), { headers });
}

test('a guide is served as Markdown, in Chinese if a translation exists', async () => {
  const english = await read('/docs/quick-start.md');
  expect(english.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
  expect(await english.text()).toMatch(/^# Quick start\n/);
  expect(await (await read('/docs/quick-start.md?language=zh')).text()).toMatch(/^# 快速开始\n/);
  expect(await (await read('/docs/benchmarks.md?language=zh')).text()).toMatch(/^# Benchmarks\n/);
  // A client that accepts only HTML gets Markdown from a .md address too.
  const asPage = await read('/docs/quick-start.md', { accept: 'text/html' });
  expect(await asPage.text()).toMatch(/^# Quick start\n/);
});

test('the examples of guides have the address of this installation', async () => {
  const guide = await (await read('/docs/quick-start.md')).text();
  expect(guide).toContain(`${platform.url}/api/v2/workers/chela~hello/runs/last`);
  expect(guide).not.toContain('127.0.0.1:8080');
  expect(await (await read('/docs/configuration.md')).text()).toContain(
    '| `CHELA_PORT` | `--port` | `8080` |',
  );
});

interface Match {
  readonly guide: string;
  readonly heading: string;
  readonly anchor: string;
  readonly excerpt: string;
}

async function search(query: string, language = 'en'): Promise<Match[]> {
  const response = await read(`/docs/search.json?${String(new URLSearchParams({ query, language }))}`);
  return ((await response.json()) as { list: Match[] }).list;
}

test('guides are searched by section, and the sections named by the words come first', async () => {
  const [first] = await search('callback SIGNATURE');
  expect(first).toMatchObject({ guide: 'callbacks', heading: 'Signature', anchor: 'signature' });
  const [named] = await search('quick start');
  expect(named).toMatchObject({ guide: 'quick-start', heading: '', anchor: '' });
  expect((await search('启动', 'zh'))[0]).toMatchObject({ guide: 'quick-start' });
  const all = await search('the');
  expect(all).toHaveLength(20);
  for (const { excerpt } of all) expect(excerpt.length).toBeLessThan(170);
  for (const nothing of ['', '  ', 'signature xyzzy', '\uD800', '$&'])
    expect(await search(nothing)).toEqual([]);
  expect((await read(`/docs/search.json?query=${'x'.repeat(201)}`)).status).toBe(422);
});

test('an operation is served as Markdown', async () => {
  const text = await (await read('/docs/api/getWorkerLastRun.md')).text();
  expect(text).toMatch(/^# Get worker last run\n/);
  expect(text).toContain('`GET /api/v2/workers/{workerId}/runs/last`');
  expect(text).toContain(`curl -X GET '${platform.url}/api/v2/workers/`);
  expect(text).toContain('| `data.slug` |');
});

test.each(['/docs/nothing.md', '/docs/api/nothing.md', '/docs/..%2FREADME.md', '/docs/zh%2Ferrors.md'])(
  '%s is 404 in the envelope',
  async (address) => {
    const response = await read(address);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 11004 });
  },
);

test('llms.txt links to every guide and every operation', async () => {
  const response = await read('/llms.txt');
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const text = await response.text();
  expect(text).toMatch(/^# Chela\n/);
  const links = Array.from(text.matchAll(/\]\((.+?)\)/g), ([, link = '']) => link);
  const { paths } = (await (await read('/openapi.json')).json()) as { paths: Record<string, object> };
  const operationCount = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
  expect(links.filter((link) => link.includes('/docs/api/'))).toHaveLength(operationCount);
  for (const link of links) {
    const answer = await fetch(link);
    await answer.text();
    expect({ link, status: answer.status }).toEqual({ link, status: 200 });
  }
});
