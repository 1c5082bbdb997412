/** Which answers are compressed, and for whom. */
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
let run: string;
let file: string;
let exported: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  const worker = await publishScriptedWorker(platform, 'Texts');
  const script = `
    await sdk.result.pushData({ text: 'abc '.repeat(1000) });
    await fetch(process.env.CHELA_FILES_URL + '/page.txt', { method: 'PUT', body: 'abc '.repeat(1000) });`;
  run = (await platform.runSync(worker, { script, items: ['one'] })).run_slug;
  type Files = { list: { download_url: string }[] };
  const files = await platform.call<Files>(`/worker-runs/${run}/files`);
  file = files.data.list[0]?.download_url ?? '';
  const link = await platform.call<{ download_url: string }>(`/worker-runs/${run}/result/export?format=csv`);
  exported = link.data.download_url;
});
afterAll(async () => platform.close());

interface RawAnswer {
  readonly encoding: string | undefined;
  readonly vary: string | undefined;
  readonly length: string | undefined;
  readonly body: Buffer;
}

async function get(url: string, accepted?: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const answered = Promise.withResolvers<RawAnswer>();
  const credential = { authorization: `Bearer ${platform.key}` };
  const encodings: Record<string, string> = accepted === undefined ? {} : { 'accept-encoding': accepted };
  request(url, { headers: { ...credential, ...encodings, ...headers } }, (answer) => {
    const { 'content-encoding': encoding, vary, 'content-length': length } = answer.headers;
    answered.resolve(buffer(answer).then((body) => ({ encoding, vary, length, body })));
  })
    .on('error', answered.reject)
    .end();
  return answered.promise;
}

const decoders = { br: brotliDecompressSync, gzip: gunzipSync } as const;

describe.each(['br', 'gzip'] as const)('a client that accepts %s', (encoding) => {
  test('gets rows compressed', async () => {
    const url = `${platform.url}/api/v2/worker-runs/${run}/result`;
    const plain = await get(url);
    expect(plain.encoding).toBeUndefined();
    const answer = await get(url, encoding);
    expect(answer.encoding).toBe(encoding);
    expect(answer.vary).toMatch(/accept-encoding/i);
    expect(answer.body.length).toBeLessThan(plain.body.length / 4);
    const { request_id: _plainId, ...wanted } = JSON.parse(String(plain.body)) as { request_id: string };
    expect(JSON.parse(String(decoders[encoding](answer.body)))).toMatchObject(wanted);
  });

  test('gets an export compressed', async () => {
    const plain = await get(exported);
    expect(plain.length).toBe(String(plain.body.length));
    const answer = await get(exported, encoding);
    expect(answer.encoding).toBe(encoding);
    expect(decoders[encoding](answer.body).equals(plain.body)).toBe(true);
  });

  test("gets the console's code from the copy that was compressed at the build", async () => {
    const page = await get(`${platform.url}/`, undefined, { accept: 'text/html' });
    const [, script = ''] = /src="([^"]+\.js)"/.exec(String(page.body)) ?? [];
    const answer = await get(`${platform.url}${script}`, encoding);
    expect(answer).toMatchObject({ encoding, length: String(answer.body.length) });
    const plain = await get(`${platform.url}${script}`);
    expect(decoders[encoding](answer.body).equals(plain.body)).toBe(true);
  });

  test('gets parts of files, short answers and event streams as they are', async () => {
    const part = await get(file, encoding, { range: 'bytes=0-2047' });
    expect(part).toMatchObject({ encoding: undefined, length: '2048' });
    const short = await get(`${platform.url}/health`, encoding);
    expect(short.encoding).toBeUndefined();
    const events = await get(`${platform.url}/api/v2/worker-runs/${run}/events`, encoding);
    expect(events.encoding).toBeUndefined();
    expect(String(events.body)).toContain('event: ');
  });
});
