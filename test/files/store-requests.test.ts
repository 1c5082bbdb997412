/** Stores as workers see them: plain HTTP on a listener of their loopback. */
import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { StorageGateway } from '../../src/runner/storage/storage-gateway.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { heldClaim } from '../support/held-claim.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const limits = { storeLimit: 6, storeKeyLimit: 20, storeLimitBytes: 4096, storeValueLimitBytes: 2048 };

let platform: TestPlatform;
let accountId: number;
let base: string;
let listener: net.Server;
let gateway: StorageGateway;
const failures: unknown[] = [];
beforeAll(async () => {
  platform = await startTestPlatform(limits, { api: true, runner: false });
  const slug = await platform.runAsync(await publishScriptedWorker(platform, 'Scripted'), {
    script: '',
    items: ['one'],
  });
  const { files, stores, accounts, config, database } = platform.platform;
  accountId = (await accounts.ensure('tester')).id;
  const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM run WHERE slug = $1', [slug]);
  const { id: runId = 0 } = rows[0] ?? {};
  const held = heldClaim(database, runId);
  gateway = new StorageGateway({
    files,
    writer: files.writer({ id: runId }, held.claims),
    runId,
    ...held,
    stores,
    accountId,
    limits: config,
    onRefused: () => undefined,
    onFailure: (error) => failures.push(error),
  });
  listener = net.createServer();
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  gateway.serve(listener);
  base = `http://127.0.0.1:${(listener.address() as net.AddressInfo).port}/stores`;
});
afterAll(async () => {
  await gateway.close();
  listener.close();
  await platform.close();
});

interface Reply {
  readonly status: number;
  readonly etag: string;
  readonly text: string;
  readonly json: { error?: string; message?: string; [name: string]: unknown };
}

async function send(
  method: string,
  place: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const answer = await fetch(`${base}/${place}`, {
    method,
    headers,
    body,
  });
  const text = await answer.text();
  const json = text === '' ? {} : (JSON.parse(text) as Reply['json']);
  return { status: answer.status, etag: answer.headers.get('etag') ?? '', text, json };
}

/** A store that is removed after the test. */
function store(name: string): string {
  onTestFinished(async () => void (await send('DELETE', name)));
  return name;
}

describe('a value', () => {
  test('is set, read, listed and deleted, with every digit', async () => {
    const place = `${store('état')}/ключ/%2F%20`.replace('%2F%20', 'a%20b');
    const json = '{ "id": 12345678901234567890, "rate": 1.00, "text": "\\ud800\\u0000" }';
    const put = await send('PUT', place, json);
    expect(put.json).toMatchObject({ key: 'ключ/a b', version: expect.any(Number) });
    expect(put.etag).toBe(`"${String(put.json['version'])}"`);
    expect(await send('GET', place)).toMatchObject({ status: 200, text: json, etag: put.etag });
    expect((await send('GET', 'état')).json).toMatchObject({ list: [{ key: 'ключ/a b' }], next: null });
    expect((await send('DELETE', place)).status).toBe(204);
    expect((await send('GET', place)).json).toEqual({
      error: 'NOT_FOUND',
      message: 'store état has no key ключ/a b',
    });
    expect((await send('DELETE', place)).status).toBe(404);
  });

  test.each([
    ['k', 'NaN', 'the value is not valid JSON'],
    ['k', '', 'the value is not valid JSON'],
    ['k', new Uint8Array([0x22, 0xff, 0x22]), 'the value is not UTF-8'],
    ['k', '['.repeat(1500), 'JSON'],
    ['a%00', '1', 'the key contains a control character'],
    ['a/', '1', 'the key must not have an empty part'],
    ['x'.repeat(257), '1', 'the key has 257 bytes in UTF-8: the limit is 256'],
  ])('is refused with the key %s', async (key, body, message) => {
    const reply = await send('PUT', `${store('refused')}/${key}`, body);
    expect(reply).toMatchObject({ status: 400, json: { message: expect.stringContaining(message) } });
  });

  test('without a key is not the whole store', async () => {
    const name = store('whole');
    await send('PUT', `${name}/k`, '1');
    for (const method of ['GET', 'DELETE'])
      expect(await send(method, `${name}/`)).toMatchObject({
        status: 400,
        json: { message: 'the key is empty' },
      });
    expect((await send('GET', `${name}/k`)).text).toBe('1');
  });

  test('belongs to the account', async () => {
    const name = store('own');
    await send('PUT', `${name}/k`, '1');
    const other = await platform.otherAccount('other');
    const answer = await platform.call(`/stores/${name}/value?key=k`, { key: other.key });
    expect(answer.status).toBe(404);
    const { data } = await platform.call<{ list: unknown[] }>(`/stores/${name}/keys`, { key: other.key });
    expect(data.list).toEqual([]);
  });
});

describe('a condition', () => {
  test('lets one of many concurrent changes win', async () => {
    const place = `${store('locks')}/lock`;
    const created = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => send('PUT', place, String(n), { 'if-none-match': '*' })),
    );
    expect(created.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 412),
    ]);
    const { etag } = await send('GET', place);
    const changed = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => send('PUT', place, String(n), { 'if-match': etag })),
    );
    expect(changed.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(changed.find(({ status }) => status === 412)?.json).toMatchObject({
      error: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/^the key lock has version \d+, not "\d+": read it again$/),
    });
  });

  test('counts without losing an increment', async () => {
    const place = `${store('counts')}/n`;
    await send('PUT', place, '0');
    const increment = async (): Promise<void> => {
      let status = 412;
      while (status === 412) {
        const { text, etag } = await send('GET', place);
        ({ status } = await send('PUT', place, String(Number(text) + 1), { 'if-match': etag }));
      }
    };
    await Promise.all(Array.from({ length: 12 }, increment));
    expect((await send('GET', place)).text).toBe('12');
  });

  test('does not hold for a key that was deleted and set again', async () => {
    const place = `${store('again')}/k`;
    const { etag } = await send('PUT', place, '1');
    await send('DELETE', place, undefined, { 'if-match': etag });
    await send('DELETE', 'again');
    await send('PUT', place, '1');
    expect((await send('PUT', place, '2', { 'if-match': etag })).status).toBe(412);
    expect((await send('DELETE', place, undefined, { 'if-match': etag })).status).toBe(412);
    expect((await send('PUT', place, '2', { 'if-match': '*' })).status).toBe(200);
    expect((await send('PUT', `${place}2`, '2', { 'if-match': '*' })).json['message']).toBe(
      'the key k2 has no value',
    );
    expect((await send('PUT', place, '2', { 'if-none-match': etag })).status).toBe(400);
  });
});

test('keys are listed by prefix and in parts', async () => {
  const name = store('listed');
  for (const key of ['a', 'b%251', 'b_2', 'c']) await send('PUT', `${name}/${key}`, 'null');
  const keys = async (query: string) => {
    const { json } = await send('GET', `${name}?${query}`);
    return { keys: (json['list'] as { key: string }[]).map(({ key }) => key), next: json['next'] };
  };
  expect(await keys('limit=2')).toEqual({ keys: ['a', 'b%1'], next: 'b%1' });
  expect(await keys('limit=2&after=b%251')).toEqual({ keys: ['b_2', 'c'], next: null });
  expect(await keys('prefix=b')).toEqual({ keys: ['b%1', 'b_2'], next: null });
  expect(await keys('prefix=b%25')).toEqual({ keys: ['b%1'], next: null });
});

describe('limits', () => {
  test('a value', async () => {
    const reply = await send('PUT', `${store('large')}/k`, JSON.stringify('x'.repeat(100_000)));
    expect(reply).toMatchObject({
      status: 413,
      json: { message: 'the value is larger than the limit of 2,048 bytes (CHELA_STORE_VALUE_LIMIT_BYTES)' },
    });
  });

  test('the size and the keys of a store, which deletions free', async () => {
    const name = store('full');
    const value = JSON.stringify('x'.repeat(1500));
    expect((await send('PUT', `${name}/1`, value)).status).toBe(200);
    expect((await send('PUT', `${name}/2`, value)).status).toBe(200);
    expect((await send('PUT', `${name}/2`, value)).status).toBe(200);
    expect((await send('PUT', `${name}/3`, value)).json['message']).toBe(
      'the store would exceed its limit of 4,096 bytes (CHELA_STORE_LIMIT_BYTES): delete keys',
    );
    await send('DELETE', `${name}/1`);
    for (let n = 3; n < 22; n += 1) await send('PUT', `${name}/${n}`, '0');
    const reply = await send('PUT', `${name}/last`, '0');
    expect(reply).toMatchObject({ status: 400, json: { error: 'STORAGE_LIMITED' } });
    expect(reply.json['message']).toContain('20 keys (CHELA_STORE_KEY_LIMIT)');
    const { data } = await platform.call<{ list: unknown[] }>('/stores');
    expect(data.list).toEqual([
      expect.objectContaining({ name, keys: 20, size_bytes: 1503 + 7 * 2 + 12 * 3 }),
    ]);
  });

  test('the stores of an account, also if they are created at the same time', async () => {
    const replies = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => send('PUT', `${store(`many-${n}`)}/k`, '1')),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(limits.storeLimit);
    expect(replies.find(({ status }) => status !== 200)?.json['message']).toBe(
      'the account has reached its limit of 6 stores (CHELA_STORE_LIMIT): delete one',
    );
  });
});

describe('the API', () => {
  test('reads what workers set, and sets what they read', async () => {
    const name = store('shared');
    const value = '{"id":12345678901234567890}';
    const { etag } = await send('PUT', `${name}/a%2Fb`, value);
    const path = `/stores/${name}/value?key=${encodeURIComponent('a/b')}`;
    const read = await platform.call(path);
    expect(read.headers.get('etag')).toBe(etag);
    expect(read.data).toMatchObject({
      key: 'a/b',
      version: Number(etag.slice(1, -1)),
      value: { id: expect.any(Number) },
    });
    const change = {
      method: 'PUT',
      body: '{"value": {"id": 98765432109876543210}}',
      headers: { 'if-match': etag },
    };
    expect(await platform.call(path, change)).toMatchObject({ status: 200, data: { key: 'a/b' } });
    expect((await send('GET', `${name}/a/b`)).text).toBe('{"id":98765432109876543210}');
    expect(await platform.call(path, change)).toMatchObject({ status: 412, code: 11000 });
    const keys = await platform.call(`/stores/${name}/keys?prefix=a&limit=1`);
    expect(keys.data).toMatchObject({ list: [{ key: 'a/b' }], next: '' });
    expect((await platform.call(path, { method: 'PUT', body: {} })).status).toBe(422);
    expect((await platform.call(path, { method: 'DELETE' })).status).toBe(200);
    expect((await platform.call(path)).status).toBe(404);
    expect((await platform.call(`/stores/${name}`, { method: 'DELETE' })).status).toBe(200);
    expect((await platform.call(`/stores/${name}`, { method: 'DELETE' })).status).toBe(404);
  });
});

test('methods that stores do not have are refused, and nothing failed in the platform', async () => {
  expect((await send('POST', 'a/b')).json).toMatchObject({ error: 'METHOD_NOT_ALLOWED' });
  expect((await send('PUT', 'a', '1')).json).toMatchObject({ error: 'METHOD_NOT_ALLOWED' });
  expect((await send('GET', '')).status).toBe(400);
  expect(failures).toEqual([]);
});
