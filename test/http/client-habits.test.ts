/** Requests that generated clients, browsers and third-party programs send. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, errorOf } from './checked-answer.ts';
import { packageZip, publishWorker, startRuns, uploadForm } from './packages.ts';

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishWorker(platform, 'Called');
});
afterAll(async () => platform.close());

const input = { parameters: { custom: { word: 'x' } } };

describe('a body of null', () => {
  test('counts as an empty body if the body is optional', async () => {
    const [run = ''] = await startRuns(platform, worker, 1);
    const rerun = await ask<{ run_slug: string }>(platform, `/worker-runs/${run}/rerun`, { body: 'null' });
    expect(rerun).toMatchObject({ code: 0, data: { run_slug: expect.any(String) } });

    const task = await ask<{ slug: string }>(platform, '/worker-tasks', {
      body: { worker_id: worker, title: 'Daily', input },
    });
    const path = `/worker-tasks/${task.data.slug}/runs`;
    expect(await ask(platform, path, { body: 'null' })).toMatchObject({ code: 0 });

    const held = await ask<{ queue_ref: string }>(platform, `/workers/${worker}/queued-runs`, {
      body: { input },
    });
    const release = `/run-queue/items/${held.data.queue_ref}/release`;
    expect(await ask(platform, release, { body: 'null' })).toMatchObject({ code: 0 });
  });

  test('is refused if a field is required', async () => {
    expect(errorOf(await ask(platform, '/worker-tasks', { body: 'null' }))).toEqual({
      status: 422,
      code: 11000,
    });
  });
});

const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'), Buffer.alloc(1000, 7)]);

async function iconOf(slug: string): Promise<Buffer> {
  const response = await fetch(`${platform.url}/api/v2/workers/${slug}/icon`, {
    headers: { authorization: `Bearer ${platform.key}` },
  });
  expect(response.headers.get('content-type')).toBe('image/png');
  return Buffer.from(await response.arrayBuffer());
}

describe('the form of a worker or version', () => {
  test('stores an icon, as a file or a data URL', async () => {
    const form = uploadForm(packageZip(), { title: 'With icon' });
    form.append('icon', new Blob([png], { type: 'image/png' }), 'icon.png');
    const { data } = await ask<{ slug: string }>(platform, '/workers', { body: form });
    expect(await iconOf(data.slug)).toEqual(png);

    const other = Buffer.concat([png, Buffer.from('other')]);
    const dataUrl = `data:image/png;base64,${other.toString('base64')}`;
    const version = uploadForm(packageZip({ 'README.md': '# Changed' }), { icon: dataUrl });
    expect(await ask(platform, `/workers/${data.slug}/versions`, { body: version })).toMatchObject({
      code: 0,
    });
    expect(await iconOf(data.slug)).toEqual(other);

    const change = uploadForm(undefined, { icon: `data:image/png;base64,${png.toString('base64')}` });
    const changed = await ask(platform, `/workers/${data.slug}/versions/v1.0.1`, {
      method: 'PUT',
      body: change,
    });
    expect(changed).toMatchObject({ code: 0 });
    expect(await iconOf(data.slug)).toEqual(png);
  });

  test.each([
    ['an address', 'https://example.com/icon.png'],
    ['text', 'data:image/png;base64,aGVsbG8='],
    ['more than 256 KiB', `data:image/png;base64,${Buffer.alloc(300_000).toString('base64')}`],
  ])('refuses an icon that is %s', async (_, icon) => {
    const answer = await ask(platform, '/workers', {
      body: uploadForm(packageZip(), { title: 'No icon', icon }),
    });
    expect(answer.code).toBe(11000);
    expect(answer.message).toMatch(/icon/);
  });

  test('refuses an icon file that is too large', async () => {
    const form = uploadForm(packageZip(), { title: 'No icon' });
    form.append('icon', new Blob([Buffer.concat([png, Buffer.alloc(5_000_000)])]), 'icon.png');
    const answer = await ask(platform, '/workers', { body: form });
    expect(answer).toMatchObject({ status: 400, message: 'icon must not be larger than 256 KiB' });
  });

  test.each<[string, (form: FormData) => void, string]>([
    ['an unknown field', (form) => form.append('titel', 'x'), 'unknown field "titel"'],
    ['an unknown file', (form) => form.append('zip', new Blob(['x']), 'x.zip'), 'unknown field "zip"'],
    [
      'a repeated field',
      (form) => {
        form.append('categories', '1');
        form.append('categories', '2');
      },
      'the form has more than one categories: send exactly one',
    ],
    ['a name for a version', (form) => form.append('name', 'other'), 'unknown field "name"'],
    [
      'a file as text',
      (form) => form.append('title', new Blob(['x']), 'x'),
      'title must be text, not a file',
    ],
  ])('refuses %s', async (_, change, message) => {
    const form = uploadForm(packageZip());
    change(form);
    const answer = await ask(platform, `/workers/${worker}/versions`, { body: form });
    expect(answer).toMatchObject({ status: 422, code: 11000, message });
  });
});

test.each([
  ['mcp', 'mcp'],
  ['cli', 'cli'],
  ['console', 'api_v2'],
  ['', 'api_v2'],
])('a run requested with X-Chela-Origin: "%s" has the origin %s', async (named, origin) => {
  const started = await ask<{ run_slug: string }>(platform, `/workers/${worker}/runs`, {
    body: { input },
    headers: { 'x-chela-origin': named },
  });
  expect((await ask(platform, `/worker-runs/${started.data.run_slug}`)).data).toMatchObject({ origin });
});

test('a run that is aborted before it starts says so in its log', async () => {
  const [run = ''] = await startRuns(platform, worker, 1);
  await ask(platform, `/worker-runs/${run}/abort`, { method: 'POST' });
  const { data } = await ask<{ list: object[] }>(platform, `/worker-runs/${run}/log`);
  expect(data.list).toMatchObject([{ group: '0', type: 2, content: 'SYSTEM: run aborted by user' }]);
});

describe('the OpenAPI document, for generators,', () => {
  interface Schema {
    readonly type?: unknown;
    readonly items?: unknown;
  }
  interface DocumentedOperation {
    readonly parameters?: { in: string; name: string }[];
    readonly requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
    readonly callbacks?: Record<string, Record<string, { post: { operationId: string; responses: object } }>>;
  }
  let document: {
    paths: Record<string, Record<string, DocumentedOperation>>;
    components: { schemas: Record<string, Schema> };
  };
  const operations = (): DocumentedOperation[] =>
    Object.values(document.paths).flatMap((methods) => Object.values(methods));
  beforeAll(async () => {
    document = (await (await fetch(`${platform.url}/openapi.json`)).json()) as typeof document;
  });

  test('has no schema with the name of another one’s constructor in Go', () => {
    const names = new Set(Object.keys(document.components.schemas));
    expect(
      [...names].filter((name) => name.startsWith('New') && names.has(name.slice('New'.length))),
    ).toEqual([]);
  });

  test('names every body, and no name is longer than 40 characters', () => {
    const inline = operations()
      .flatMap(({ requestBody }) => Object.values(requestBody?.content ?? {}))
      .filter(({ schema }) => schema.$ref === undefined);
    expect(inline).toEqual([]);
    expect(Object.keys(document.components.schemas).filter(({ length }) => length > 40)).toEqual([]);
  });

  test('shares an answer between operations that return the same', () => {
    const contents = Object.entries(document.components.schemas)
      .filter(([name]) => name.endsWith('Answer'))
      .map(([, schema]) => JSON.stringify(schema));
    expect(new Set(contents).size).toBe(contents.length);
  });

  test('describes callbacks as linters require', () => {
    const callbacks = operations()
      .flatMap((operation) => Object.values(operation.callbacks ?? {}))
      .flatMap((urls) => Object.values(urls).map(({ post }) => post));
    expect(callbacks.length).toBeGreaterThan(3);
    for (const callback of callbacks) {
      expect(callback).toMatchObject({ summary: expect.stringMatching(/./), security: [] });
      expect(Object.keys(callback.responses)).toEqual(['2XX', '4XX']);
    }
    expect(new Set(callbacks.map(({ operationId }) => operationId)).size).toBe(callbacks.length);
  });

  test('has items for every array', () => {
    const without: string[] = [];
    const look = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { type, items } = value as Schema;
      if ((type === 'array' || (Array.isArray(type) && type.includes('array'))) && items === undefined)
        without.push(path);
      for (const [key, part] of Object.entries(value))
        if (key !== 'examples' && key !== 'default') look(part, `${path}/${key}`);
    };
    look(document, '');
    expect(without).toEqual([]);
  });

  test('lists parameters in the order of the path, before those of the query', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.slice(0, inPath.length).map(({ name }) => name)).toEqual(inPath);
      }
    }
  });
});
