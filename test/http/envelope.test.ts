import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';
import { ask, checkedAnswer, errorOf } from './checked-answer.ts';
import { publishWorker, startRuns } from './packages.ts';

const mebibyte = 1024 * 1024;

let platform: TestPlatform;
let worker: string;

beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
  worker = await publishWorker(platform, 'Envelope');
  await startRuns(platform, worker, 1);
});
afterAll(async () => platform.close());

test('every request has its own id, in the body and in a header', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, async () => ask(platform, '/store')));
  expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(5);
});

test('a request id sent by a client is ignored', async () => {
  const answer = await ask(platform, '/store', { headers: { 'x-request-id': 'mine', 'request-id': 'mine' } });
  expect(answer.requestId).not.toBe('mine');
});

test('an operation without data returns none', async () => {
  const response = await fetch(`${platform.url}/api/v2/worker-runs/last/abort`, {
    method: 'POST',
    headers: { 'api-key': platform.key },
  });
  expect(Object.keys((await response.json()) as object)).toEqual(['code', 'message', 'request_id']);
});

test.each([
  '',
  '/',
  '/nothing',
  '/workers/a/b/c/d',
  '/Workers',
  '/worker-runs/last/nothing',
  '/workers//runs',
  '/no-workers?limit=1',
])('an unknown route is 404 with code 11004, with or without a key: %s', async (path) => {
  for (const options of [{}, { key: '' }, { method: 'POST', body: {} }]) {
    expect(errorOf(await ask(platform, path, options))).toEqual({ status: 404, code: 11004 });
  }
});

test('an unknown route outside the API is 404 in the envelope too', async () => {
  expect(errorOf(await checkedAnswer(await fetch(`${platform.url}/nothing`)))).toEqual({
    status: 404,
    code: 11004,
  });
});

test.each([
  ['PATCH', '/workers', 'GET, HEAD, POST'],
  ['PUT', '/workers', 'GET, HEAD, POST'],
  ['DELETE', '/users/account', 'GET, HEAD'],
  ['POST', '/store', 'GET, HEAD'],
  ['GET', '/workers/x/runs', 'POST'],
  ['DELETE', '/workers/a~b/runs', 'POST'],
  ['POST', '/workers/x/runs/last', 'GET, HEAD, PUT'],
  ['GET', '/worker-runs/last/abort', 'POST'],
  ['PUT', '/worker-runs/last/rerun/', 'POST'],
  ['PROPFIND', '/worker-runs?limit=1', 'GET, HEAD'],
])('an unsupported method is 405 and lists the supported ones: %s %s', async (method, path, allow) => {
  const answer = await ask(platform, path, { method, key: '' });
  expect(errorOf(answer)).toEqual({ status: 405, code: 11000 });
  expect(answer.headers.get('allow')).toBe(allow);
});

/** A body of spaces, sent in chunks of a mebibyte. */
function chunks(count: number): ReadableStream {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent === count) controller.close();
      else controller.enqueue(new Uint8Array(mebibyte).fill(0x20));
      sent += 1;
    },
  });
}

describe('a body over the limit is 413, and the client can read the response', () => {
  test.each<[string, () => Uint8Array | ReadableStream]>([
    ['just over it', () => new Uint8Array(16 * mebibyte + 1)],
    ['30 MB', () => new Uint8Array(30_000_000)],
    ['30 MB in chunks without a declared length', () => chunks(29)],
  ])('%s', async (_name, body) => {
    // Closing a connection too early breaks some requests, not every one, so this sends several.
    for (let round = 0; round < 3; round += 1) {
      const answer = await ask(platform, `/workers/${worker}/runs`, { body: body() });
      expect(errorOf(answer)).toEqual({ status: 413, code: 11000 });
    }
  });

  test('a body of exactly the limit is read', async () => {
    const body = `{"input":{"parameters":{"custom":{}}}}`.padEnd(16 * mebibyte);
    expect((await ask(platform, `/workers/${worker}/runs`, { body })).code).toBe(0);
  });
});

test.each([
  ['application/xml', '<run/>'],
  ['text/plain', '{}'],
  ['application/x-www-form-urlencoded', 'a=1'],
  [
    'multipart/form-data; boundary=x',
    '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
  ],
  ['multipart/form-data', 'no boundary'],
  ['application/jsonp', '{}'],
  ['nonsense', '{}'],
])('a body that is not JSON is 415: %s', async (type, body) => {
  for (const path of [`/workers/${worker}/runs`, '/worker-runs/last/rerun', '/worker-runs/last/abort']) {
    const answer = await ask(platform, path, { body, headers: { 'content-type': type } });
    expect(errorOf(answer)).toEqual({ status: 415, code: 11000 });
    expect(answer.message).toContain('application/json');
  }
});

test.each(['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON'])(
  'JSON is accepted as %s',
  async (type) => {
    const answer = await ask(platform, `/workers/${worker}/runs`, {
      body: '{}',
      headers: { 'content-type': type },
    });
    expect(answer.code).toBe(0);
  },
);

test.each([
  '{',
  '}',
  '{"input":',
  "{'input': 1}",
  '{"a":1}{"b":2}',
  'undefined',
  'NaN',
  '\0',
  '\uFEFF{',
  '[1,]',
])('broken JSON is 400 with code 11000 and says so: %j', async (body) => {
  const answer = await ask(platform, `/workers/${worker}/runs`, { body });
  expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
  expect(answer.message).toMatch(/^the body is not valid JSON: /);
});

test('endlessly nested JSON is refused before it is parsed', async () => {
  const body = '['.repeat(100_000);
  const answer = await ask(platform, `/workers/${worker}/runs`, { body });
  expect(errorOf(answer)).toEqual({ status: 400, code: 11000 });
});

test.each(['[]', '5', 'true', '"text"', '1e400', '12345678901234567890'])(
  'a body that is not an object is 422: %s',
  async (body) => {
    const answer = await ask(platform, `/workers/${worker}/runs`, { body });
    expect(errorOf(answer)).toEqual({ status: 422, code: 11000 });
  },
);

test.each([
  ['GET', '/users/account'],
  ['GET', '/worker-runs/last'],
  ['POST', '/worker-runs/last/rerun'],
])('an empty body with a JSON content type means {}: %s %s', async (method, path) => {
  for (const body of method === 'GET' ? [undefined] : [undefined, '', ' \r\n ']) {
    expect((await ask(platform, path, { method, body })).code).toBe(0);
  }
});

test('a request without any content type needs no body', async () => {
  const headers = { 'api-key': platform.key };
  const url = `${platform.url}/api/v2/worker-runs/last/rerun`;
  expect((await checkedAnswer(await fetch(url, { method: 'POST', headers }))).code).toBe(0);
});

test.each([
  ['cannot be decoded', '/workers/%zz', 400, 11000],
  ['is not UTF-8', '/workers/%ff%fe', 400, 11000],
  ['ends within an escape', '/worker-runs/%', 400, 11000],
  ['is too long', `/workers/${'a'.repeat(600)}`, 404, 11004],
  ['contains U+0000', '/workers/%00', 404, 11004],
])('an identifier that %s gets a response in the envelope', async (_name, path, status, code) => {
  expect(errorOf(await ask(platform, path))).toEqual({ status, code });
});

test('a URL or headers over 16 KiB are 400 in the envelope', async () => {
  const long = 'x'.repeat(20_000);
  expect(errorOf(await ask(platform, `/workers/${long}`))).toEqual({ status: 400, code: 11000 });
  expect(errorOf(await ask(platform, '/store', { headers: { 'api-key': long } }))).toEqual({
    status: 400,
    code: 11000,
  });
});

test('bytes that are not HTTP get a response in the envelope, and the connection is closed', async () => {
  const socket = connect(Number(new URL(platform.url).port), '127.0.0.1');
  socket.write('this is no request\r\n\r\n');
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const envelope = JSON.parse(body) as Record<string, unknown>;
  expect(envelope).toMatchObject({ code: 11000, message: 'this is not a valid HTTP request' });
  expect(head).toContain(`x-request-id: ${String(envelope.request_id)}`);
});

/** The response to a request without a Host header. */
async function answerTo(version: string, path: string): Promise<{ head: string; body: string }> {
  const socket = connect(Number(new URL(platform.url).port), '127.0.0.1');
  socket.write(
    `GET /api/v2${path} HTTP/${version}\r\nauthorization: Bearer ${platform.key}\r\nconnection: close\r\n\r\n`,
  );
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { head, body };
}

describe('a request without a Host header', () => {
  test('is refused in the envelope with HTTP/1.1', async () => {
    const { head, body } = await answerTo('1.1', '/users/account');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(body)).toMatchObject({
      code: 11000,
      message: 'the request has no Host header, which HTTP/1.1 requires',
    });
  });

  test('is answered with HTTP/1.0, and links have the address of the server', async () => {
    const { body } = await answerTo('1.0', '/worker-runs/last/log');
    const { data } = JSON.parse(body) as { data: { all_logs_url: string } };
    expect(data.all_logs_url).toMatch(`${platform.url}/files/`);
  });
});
