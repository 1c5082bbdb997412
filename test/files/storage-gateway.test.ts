/** The storage gateway as workers see it: plain HTTP on a listener of their loopback. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { StorageGateway } from '../../src/runner/storage/storage-gateway.ts';
import { eventually } from '../platform/support/eventually.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { heldClaim } from '../support/held-claim.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const kibibyte = 1024;
const limits = { fileLimitBytes: 64 * kibibyte, runFileLimit: 4, runFilesLimitBytes: 100 * kibibyte };

let platform: TestPlatform;
let worker: string;
beforeAll(async () => {
  platform = await startTestPlatform(limits, { api: true, runner: false });
  worker = await publishScriptedWorker(platform, 'Scripted');
});
afterAll(async () => platform.close());

interface Served {
  readonly port: number;
  readonly runId: number;
  readonly slug: string;
  readonly refusals: string[];
  readonly failures: unknown[];
  readonly gateway: StorageGateway;
}

/** Serves the gateway of a subtask. @param ofRun shares the run of another subtask; a run of its own if omitted */
async function serve(ofRun?: Served): Promise<Served> {
  const { files, stores, database, config } = platform.platform;
  const slug = ofRun?.slug ?? (await platform.runAsync(worker, { script: '', items: ['one'] }));
  const { rows } = await database.pool.query<{ id: number; account_id: number }>(
    'SELECT id, account_id FROM run WHERE slug = $1',
    [slug],
  );
  const { id: runId = 0, account_id: accountId = 0 } = rows[0] ?? {};
  const held = heldClaim(database, runId);
  const [refusals, failures]: [string[], unknown[]] = [[], []];
  const gateway = new StorageGateway({
    files,
    writer: files.writer({ id: runId }, held.claims),
    runId,
    ...held,
    stores,
    accountId,
    limits: config,
    onRefused: (_what, message) => refusals.push(message),
    onFailure: (error) => failures.push(error),
  });
  const listener = net.createServer();
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  gateway.serve(listener);
  onTestFinished(async () => {
    await gateway.close();
    listener.close();
  });
  const { port } = listener.address() as net.AddressInfo;
  return { port, runId, slug, refusals, failures, gateway };
}

interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly json: { error?: string; message?: string; [name: string]: unknown };
}

/** Sends the path as it is: `fetch` would normalize it. */
async function send(
  { port }: Served,
  method: string,
  place: string,
  { body, headers = {} }: { body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const request = http.request({
    host: '127.0.0.1',
    port,
    method,
    path: place,
    headers: { host: 'localhost', ...headers },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const read = await text(response);
  const isJson = response.headers['content-type']?.startsWith('application/json') === true;
  const json = isJson && read !== '' ? (JSON.parse(read) as Reply['json']) : {};
  return { status: response.statusCode ?? 0, headers: response.headers, body: read, json };
}

async function namesOf(served: Served): Promise<string[]> {
  const { json } = await send(served, 'GET', '/files');
  return (json['list'] as { name: string }[]).map(({ name }) => name);
}

/** Blobs of files and unfinished writes in the storage. */
async function storedFiles(): Promise<string[]> {
  const root = path.join(platform.platform.config.dataDir, 'storage');
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((name) => name.startsWith('files') || name.startsWith('.drafts'));
}

async function storedRows(runId: number): Promise<string[]> {
  const { rows } = await platform.platform.database.pool.query<{ state: string }>(
    'SELECT state FROM run_file WHERE run_id = $1',
    [runId],
  );
  return rows.map(({ state }) => state);
}

describe('a file', () => {
  test('is kept with its type and hash, read, listed, replaced and deleted', async () => {
    const served = await serve();
    const name = 'Ordner/日本 语+%25 ü.html';
    const place = `/files/${name.split('/').map(encodeURIComponent).join('/')}`;
    const body = '<p>grüße</p>';
    const put = await send(served, 'PUT', place, {
      body,
      headers: { 'content-type': 'text/html; charset=utf-8; x=1' },
    });
    expect(put.status).toBe(200);
    expect(put.json).toEqual({
      name,
      size_bytes: Buffer.byteLength(body),
      content_type: 'text/html; charset=utf-8',
      sha256: createHash('sha256').update(body).digest('hex'),
      subtask: 1,
      kept_at: expect.stringMatching(/^\d{4}-.*Z$/),
      reference: `chela-file:${name}`,
    });
    const got = await send(served, 'GET', place);
    expect(got).toMatchObject({ status: 200, body, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect((await send(served, 'HEAD', place)).headers['content-length']).toBe(
      String(Buffer.byteLength(body)),
    );
    // An encoded slash is the same name.
    await send(served, 'PUT', `/files/${encodeURIComponent(name)}`, { body: 'second' });
    expect((await send(served, 'GET', place)).body).toBe('second');
    expect(await namesOf(served)).toEqual([name]);
    expect((await send(served, 'DELETE', place)).status).toBe(204);
    expect((await send(served, 'DELETE', place)).json).toMatchObject({ error: 'NOT_FOUND' });
    expect((await send(served, 'GET', place)).status).toBe(404);
    expect(await storedRows(served.runId)).toEqual([]);
    expect(await storedFiles()).toEqual([]);
  });

  test('may be empty, and gets its type from its name if the worker gives none', async () => {
    const served = await serve();
    const put = async (name: string, type?: string) =>
      (
        await send(served, 'PUT', `/files/${name}`, {
          body: '',
          headers: type === undefined ? {} : { 'content-type': type },
        })
      ).json['content_type'];
    expect(await put('a.PNG')).toBe('image/png');
    expect(await put('b.pdf', 'application/x-www-form-urlencoded')).toBe('application/pdf');
    expect(await put('c')).toBe('application/octet-stream');
    expect((await send(served, 'GET', '/files/c')).body).toBe('');
    expect(
      (await send(served, 'PUT', '/files/d', { headers: { 'content-type': 'pictures' } })).json,
    ).toMatchObject({
      error: 'INVALID_ARGUMENT',
      message: 'the Content-Type is not a media type',
    });
  });

  test.each([
    ['/files/../secret', 'an empty part, . or ..'],
    ['/files/a/%2e%2e/b', 'an empty part, . or ..'],
    ['/files/a//b', 'an empty part, . or ..'],
    ['/files/a/', 'an empty part, . or ..'],
    ['/files/', 'the file name is empty'],
    ['/files/a%00b', 'a control character'],
    ['/files/a%0Ab', 'a control character'],
    ['/files/%ED%A0%80', 'not percent-encoded UTF-8'],
    ['/files/%zz', 'not percent-encoded UTF-8'],
  ])('cannot be named %s', async (place, message) => {
    const { status, json } = await send(await serve(), 'PUT', place, { body: 'x' });
    expect({ status, ...json }).toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });

  test('with a name that no file can have is not looked for in the database', async () => {
    const served = await serve();
    for (const method of ['GET', 'HEAD', 'DELETE'])
      expect((await send(served, method, '/files/a%00b')).status).toBe(400);
    expect(served.failures).toEqual([]);
  });

  test('may have a name of 1,024 bytes, and no longer one', async () => {
    const served = await serve();
    const long = await send(served, 'PUT', `/files/${'%C3%BC'.repeat(513)}`, { body: 'x' });
    expect(long.json['message']).toBe('the file name has 1026 bytes in UTF-8: the limit is 1024');
    const name = 'ü'.repeat(512);
    await send(served, 'PUT', `/files/${encodeURIComponent(name)}`, { body: 'x' });
    expect(await namesOf(served)).toEqual([name]);
  });

  test('that is interrupted leaves nothing, and keeps the earlier file of its name', async () => {
    const served = await serve();
    await send(served, 'PUT', '/files/page', { body: 'whole' });
    const kept = await storedFiles();
    const socket = net.connect(served.port, '127.0.0.1');
    socket.write('PUT /files/page HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\npart of it');
    await eventually(async () => ((await storedFiles()).length > kept.length ? true : undefined));
    socket.destroy();
    await eventually(async () => ((await storedRows(served.runId)).length === 1 ? true : undefined));
    expect(await storedFiles()).toEqual(kept);
    expect((await send(served, 'GET', '/files/page')).body).toBe('whole');
    expect(served.failures).toEqual([]);
  });

  test('put at the same time by several subtasks is the last complete one', async () => {
    const served = await serve();
    const other = await serve(served);
    const bodies = Array.from({ length: 12 }, (_, n) => String(n).repeat(1000 + n));
    const replies = await Promise.all(
      bodies.map(async (body, n) => send(n % 2 === 0 ? served : other, 'PUT', '/files/same', { body })),
    );
    expect(replies.map(({ status }) => status)).toEqual(bodies.map(() => 200));
    expect(bodies).toContain((await send(served, 'GET', '/files/same')).body);
    expect(await storedRows(served.runId)).toEqual(['kept']);
    expect(await storedFiles()).toHaveLength((await allKept()).length);
  });

  test('of another run is not found', async () => {
    await send(await serve(), 'PUT', '/files/mine', { body: 'x' });
    const other = await serve();
    expect((await send(other, 'GET', '/files/mine')).status).toBe(404);
    expect((await send(other, 'DELETE', '/files/mine')).status).toBe(404);
    expect(await namesOf(other)).toEqual([]);
  });
});

async function allKept(): Promise<unknown[]> {
  return (await platform.platform.database.pool.query(`SELECT FROM run_file WHERE state = 'kept'`)).rows;
}

describe('limits', () => {
  test('a file that is too large is refused, announced or not', async () => {
    const served = await serve();
    const body = Buffer.alloc(limits.fileLimitBytes + 1);
    const framings: Record<string, string>[] = [
      { 'content-length': String(body.length) },
      { 'transfer-encoding': 'chunked' },
    ];
    for (const headers of framings) {
      const reply = await send(served, 'PUT', '/files/large', { body, headers });
      expect({ status: reply.status, ...reply.json }).toEqual({
        status: 413,
        error: 'BODY_TOO_LARGE',
        message: 'the file is larger than the limit of 65,536 bytes (CHELA_FILE_LIMIT_BYTES)',
      });
    }
    expect(served.refusals).toHaveLength(2);
    expect(await namesOf(served)).toEqual([]);
    expect((await send(served, 'PUT', '/files/largest', { body: body.subarray(1) })).status).toBe(200);
  });

  test('the files of a run are limited in number and size together, also while they arrive', async () => {
    const served = await serve();
    const body = Buffer.alloc(40 * kibibyte);
    const headers = { 'transfer-encoding': 'chunked' };
    const replies = await Promise.all(
      Array.from({ length: 4 }, async (_, n) => send(served, 'PUT', `/files/${n}`, { body, headers })),
    );
    const { json } = await send(served, 'GET', '/files');
    const kept = json['list'] as { size_bytes: number }[];
    expect(kept.length).toBeLessThanOrEqual(2);
    for (const reply of replies.filter(({ status }) => status !== 200))
      expect(reply).toMatchObject({ status: 400, json: { error: 'STORAGE_LIMITED' } });
    for (let n = kept.length; n < limits.runFileLimit; n += 1)
      await send(served, 'PUT', `/files/small-${n}`, { body: 'x' });
    const refused = await send(served, 'PUT', '/files/one-more', { body: 'x' });
    expect(refused.json['message']).toBe(
      'the run has reached its limit of 4 files (CHELA_RUN_FILE_LIMIT): delete or replace files',
    );
    expect((await send(served, 'PUT', '/files/small-3', { body: 'replaced' })).status).toBe(200);
    expect(await storedRows(served.runId)).toEqual(Array.from({ length: 4 }, () => 'kept'));
  });

  test('a body in chunks of one byte arrives whole', async () => {
    const served = await serve();
    const socket = net.connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(
      'PUT /files/bytes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    socket.write(`${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`);
    expect(await text(socket)).toContain('"size_bytes":20000');
    expect((await send(served, 'GET', '/files/bytes')).body).toBe('x'.repeat(20_000));
  });

  test('requests sent ahead on one connection are served one after another', async () => {
    const served = await serve();
    const socket = net.connect(served.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const one = 'GET /files HTTP/1.1\r\nhost: localhost\r\n\r\n';
    // What is not read when the connection is closed resets it.
    socket.on('error', () => undefined).write(one.repeat(1000));
    await new Promise((closed) => socket.once('close', closed));
    expect((await send(served, 'GET', '/files')).status).toBe(200);
  });
});

test('the list continues after a name, and can be limited to a folder', async () => {
  const served = await serve();
  for (const name of ['a', 'b/1', 'b/2', 'c']) await send(served, 'PUT', `/files/${name}`, { body: name });
  const page = async (query: string) => {
    const { json } = await send(served, 'GET', `/files?${query}`);
    return { names: (json['list'] as { name: string }[]).map(({ name }) => name), next: json['next'] };
  };
  expect(await page('limit=2')).toEqual({ names: ['a', 'b/1'], next: 'b/1' });
  expect(await page('limit=2&after=b/1')).toEqual({ names: ['b/2', 'c'], next: null });
  expect(await page('prefix=b/')).toEqual({ names: ['b/1', 'b/2'], next: null });
  expect((await send(served, 'GET', '/files?limit=0')).json['message']).toBe(
    'limit must be an integer from 1 to 1000',
  );
});

test('unknown paths, methods and host names are refused', async () => {
  const served = await serve();
  expect((await send(served, 'GET', '/')).status).toBe(404);
  expect((await send(served, 'POST', '/files/a')).json).toMatchObject({ error: 'METHOD_NOT_ALLOWED' });
  expect((await send(served, 'PUT', '/files')).json).toMatchObject({ error: 'METHOD_NOT_ALLOWED' });
  expect((await send(served, 'GET', '/files', { headers: { host: 'evil.example' } })).json['message']).toBe(
    'send the request to http://127.0.0.1:20088',
  );
});

test('closing keeps what has arrived and discards the rest', async () => {
  const served = await serve();
  const before = await storedFiles();
  const socket = net.connect(served.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('PUT /files/half HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf');
  await eventually(async () => ((await storedFiles()).length > before.length ? true : undefined));
  await served.gateway.close();
  expect(await storedFiles()).toEqual(before);
  expect(await storedRows(served.runId)).toEqual([]);
});

function hoursFromNow(count: number): Date {
  return new Date(Date.now() + count * 3600 * 1000);
}

describe('garbage', () => {
  test('of a killed process is removed: unfinished writes, unfinished and discarded files', async () => {
    const served = await serve();
    await send(served, 'PUT', '/files/kept', { body: 'kept' });
    await send(served, 'PUT', '/files/gone', { body: 'gone' });
    const { database, files, config } = platform.platform;
    await database.pool.query(`UPDATE run_file SET state = 'discarded' WHERE run_id = $1 AND name = 'gone'`, [
      served.runId,
    ]);
    await database.pool.query(
      `INSERT INTO run_file (slug, run_id, subtask, name, media_type) VALUES ('01KKDXV9C3V0X3M5B1QH0T7D2E', $1, 1, 'half', 'text/plain')`,
      [served.runId],
    );
    const storage = path.join(config.dataDir, 'storage');
    await writeFile(path.join(storage, '.drafts', 'left'), 'half');
    await mkdir(path.join(storage, 'files', '2E'), { recursive: true });
    await writeFile(
      path.join(storage, 'files', '2E', '01KKDXV9C3V0X3M5B1QH0T7D2E'),
      'written, but never kept',
    );
    await files.removeGarbage(new Date());
    // It may still be in progress.
    expect((await storedRows(served.runId)).toSorted()).toEqual(['kept', 'writing']);
    await files.removeGarbage(hoursFromNow(3));
    expect(await storedRows(served.runId)).toEqual(['kept']);
    expect(await storedFiles()).toHaveLength((await allKept()).length);
    expect((await send(served, 'GET', '/files/kept')).body).toBe('kept');
  });

  test('of a removed run is removed', async () => {
    const served = await serve();
    await send(served, 'PUT', '/files/kept', { body: 'kept' });
    const { database, files } = platform.platform;
    await database.pool.query('DELETE FROM run WHERE id = $1', [served.runId]);
    expect((await send(served, 'PUT', '/files/late', { body: 'x' })).json).toMatchObject({
      error: 'NOT_FOUND',
    });
    await files.removeGarbage(new Date());
    expect(await storedFiles()).toHaveLength((await allKept()).length);
    const { rowCount } = await database.pool.query('SELECT FROM run_file WHERE run_id IS NULL');
    expect(rowCount).toBe(0);
  });
});
