/** Files of runs: kept by a worker in its sandbox, read and deleted by clients of the API. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const page = '<script>alert(1)</script>';
const digits = '0123456789';
const script = `
  const put = (name, body, type) => fetch(process.env.CHELA_FILES_URL + '/' + name, { method: 'PUT', body, headers: { 'content-type': type } });
  await put('seiten/%C3%BC%20%22.html', ${JSON.stringify(page)}, 'text/html');
  await put('digits.txt', '${digits}', 'text/plain');
  await put('run.js', '${digits}', 'Text/JavaScript; charset=latin1');
  const { reference } = await (await put('p.png', Buffer.from('iVBORw0KGgo=', 'base64'), '')).json();
  await put('empty', '', '');
  await fetch(process.env.CHELA_STORES_URL + '/seen/last', { method: 'PUT', body: '7' });
  const tooLarge = await put('large', Buffer.alloc(5000), '');
  await sdk.result.pushData({ reference, refused: (await tooLarge.json()).message });`;

interface FileShape {
  name: string;
  size_bytes: number;
  content_type: string;
  sha256: string;
  subtask: number;
  kept_at: number;
  download_url: string;
}
interface FileListShape {
  count: number;
  size_bytes: number;
  list: FileShape[];
}

let platform: TestPlatform;
let slug: string;
beforeAll(async () => {
  platform = await startTestPlatform({ fileLimitBytes: 4096 });
  const worker = await publishScriptedWorker(platform, 'Scripted');
  slug = await platform.runAsync(worker, { script, items: ['one'] });
  await platform.finished(slug);
});
afterAll(async () => platform.close());

async function list(query = ''): Promise<FileListShape> {
  return (await platform.call<FileListShape>(`/worker-runs/${slug}/files${query}`)).data;
}

async function get(name: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${platform.url}/api/v2/worker-runs/${slug}/file?name=${encodeURIComponent(name)}`, {
    method,
    headers: { authorization: `Bearer ${platform.key}`, ...headers },
  });
}

async function linkOf(name: string): Promise<string> {
  return (await list()).list.find((file) => file.name === name)?.download_url ?? '';
}

test('a worker keeps files, refers to them in rows, and learns which limit refuses one', async () => {
  expect(await platform.run(slug)).toMatchObject({ status: 'succeeded' });
  const { list: rows } = await platform.results(slug);
  const refused = 'the file is larger than the limit of 4,096 bytes (CHELA_FILE_LIMIT_BYTES)';
  expect(rows).toEqual([{ reference: 'chela-file:p.png', refused }]);
  const lines = await platform.log(slug);
  expect(lines.map(({ content }) => content)).toContainEqual(
    expect.stringContaining(`a file was refused: ${refused}`),
  );
});

test('a worker keeps state for later runs', async () => {
  expect((await platform.call('/stores/seen/value?key=last')).data).toMatchObject({ key: 'last', value: 7 });
});

describe('the list', () => {
  test('has the files by name, with a page and a prefix', async () => {
    const all = await list();
    expect(all).toMatchObject({ count: 5, size_bytes: page.length + 2 * digits.length + 8 });
    expect(all.list.map(({ name }) => name)).toEqual([
      'digits.txt',
      'empty',
      'p.png',
      'run.js',
      'seiten/ü ".html',
    ]);
    expect(all.list[0]).toMatchObject({
      size_bytes: 10,
      content_type: 'text/plain',
      sha256: createHash('sha256').update(digits).digest('hex'),
      subtask: 1,
      download_url: expect.stringContaining(`/files/runs/${slug}/files/`),
    });
    const folder = await list(`?prefix=${encodeURIComponent('seiten/')}`);
    expect(folder).toMatchObject({
      count: 1,
      size_bytes: page.length,
      list: [{ content_type: 'text/html' }],
    });
    expect((await list('?limit=4&offset=2')).list.map(({ name }) => name)).toEqual(['seiten/ü ".html']);
  });

  test('of the last run is the same', async () => {
    const { data } = await platform.call<FileListShape>('/worker-runs/last/files');
    expect(data.count).toBe(5);
  });
});

describe('the content', () => {
  test('comes with its type, and no browser runs it in the origin of the console', async () => {
    for (const answer of [await get('seiten/ü ".html'), await fetch(await linkOf('seiten/ü ".html'))]) {
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(page);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'text/html',
        'content-disposition': `attachment; filename="_ _.html"; filename*=UTF-8''%C3%BC%20%22.html`,
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'content-length': String(page.length),
      });
    }
    expect((await get('run.js')).headers.get('content-type')).toBe('text/plain; charset=latin1');
    expect((await get('p.png')).headers.get('content-disposition')).toBe('inline; filename="p.png"');
    expect(await (await get('empty')).text()).toBe('');
  });

  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-99999', 206, '56789', 'bytes 5-9/10'],
    ['bytes=4-2', 200, digits, null],
    ['bytes=0-1,3-4', 200, digits, null],
    ['lines=1-2', 200, digits, null],
  ])('with the range %s', async (range, status, body, contentRange) => {
    const answer = await get('digits.txt', { range });
    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
      status,
      body,
      contentRange,
    ]);
  });

  test('does not have a range outside of it', async () => {
    const answer = await get('digits.txt', { range: 'bytes=10-' });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    expect(await answer.json()).toMatchObject({
      message: 'the range is outside the file, which has 10 bytes',
    });
    expect((await get('empty', { range: 'bytes=0-' })).status).toBe(416);
  });

  test('is not sent to a client that has it, nor for HEAD', async () => {
    const etag = (await get('digits.txt')).headers.get('etag') ?? '';
    const known = await get('digits.txt', { 'if-none-match': etag });
    expect([known.status, await known.text()]).toEqual([304, '']);
    expect((await get('digits.txt', { range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
    const head = await get('digits.txt', {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
  });

  test('is not found for another name, run or account', async () => {
    const { key } = await platform.otherAccount('other');
    expect(await platform.call(`/worker-runs/${slug}/file?name=absent`)).toMatchObject({
      status: 404,
      message: 'the run has no file absent',
    });
    for (const path of ['files', 'file?name=digits.txt']) {
      const answer = await platform.call(`/worker-runs/${slug}/${path}`, { key });
      expect(answer).toMatchObject({ status: 404, message: `run ${slug} does not exist` });
    }
    const answer = await platform.call(`/worker-runs/${slug}/file?name=digits.txt`, {
      key,
      method: 'DELETE',
    });
    expect(answer.status).toBe(404);
    expect((await platform.call(`/worker-runs/${slug}/file`)).status).toBe(422);
  });
});

describe('a link', () => {
  test('that was altered is refused', async () => {
    const [link, other] = [await linkOf('digits.txt'), await linkOf('p.png')];
    expect((await fetch(link)).status).toBe(200);
    const path = new URL(other).pathname;
    expect((await fetch(`${platform.url}${path}${new URL(link).search}`)).status).toBe(403);
  });

  test('is not found once its file is deleted', async () => {
    const link = await linkOf('empty');
    const deleted = await platform.call(`/worker-runs/${slug}/file?name=empty`, { method: 'DELETE' });
    expect(deleted.status).toBe(200);
    expect((await fetch(link)).status).toBe(404);
    expect((await list()).count).toBe(4);
    expect((await platform.call(`/worker-runs/${slug}/file?name=empty`, { method: 'DELETE' })).status).toBe(
      404,
    );
  });
});
