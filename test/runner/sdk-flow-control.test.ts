/** What the runner holds of unanswered messages, and that their senders wait. */
import { once, type EventEmitter } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { callBytes, MessageBudget, type SubtaskBudget } from '../../src/runner/sdk/message-budget.ts';
import { SdkGateway, type SdkHandlers } from '../../src/runner/sdk/sdk-gateway.ts';

const mebibyte = 1024 * 1024;
const messageLimitBytes = 4 * mebibyte;
const firstWindowBytes = 65_535;
const pushData = '/coresdk.Result/PushData';

interface Served {
  readonly port: number;
  readonly budget: SubtaskBudget;
  /** The length of each row, and the error text of each refused message. */
  readonly rows: number[];
  /** The number of rows received. */
  readonly received: () => number;
  readonly refused: string[];
  /** Lets rows be stored from now on; until then they wait. */
  readonly store: () => void;
  /** Bytes that the runner has read of all connections. */
  readonly receivedBytes: () => number;
}

interface ServeOptions {
  readonly messages?: MessageBudget;
  readonly input?: string;
  readonly isStoring?: boolean;
}

async function serve({
  messages = new MessageBudget({ messageLimitBytes, sharedBytes: 0 }),
  input = '{}',
  isStoring = true,
}: ServeOptions = {}): Promise<Served> {
  const storing = Promise.withResolvers<void>();
  if (isStoring) storing.resolve();
  const rows: number[] = [];
  let received = 0;
  const refused: string[] = [];
  const handlers: SdkHandlers = {
    input: () => input,
    pushRow: async ({ length }) => {
      received += 1;
      await storing.promise;
      rows.push(length);
    },
    setHeaders: async () => undefined,
    log: async () => undefined,
    rejected: (message) => refused.push(message),
  };
  const budget = messages.openSubtask();
  const gateway = new SdkGateway(handlers, { messageLimitBytes, budget });
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((socket) => sockets.add(socket));
  gateway.serve(listener);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    gateway.close();
    listener.close();
  });
  return {
    port: (listener.address() as net.AddressInfo).port,
    budget,
    rows,
    received: () => received,
    refused,
    store: storing.resolve,
    receivedBytes: () => [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0),
  };
}

async function connect(port: number): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  await once(session, 'remoteSettings');
  return session;
}

function open(
  session: http2.ClientHttp2Session,
  path = pushData,
  headers: http2.OutgoingHttpHeaders = {},
): http2.ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  return stream;
}

function prefix(sizeBytes: number, flag = 0): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(flag, 0);
  bytes.writeUInt32BE(sizeBytes, 1);
  return bytes;
}

/** A row of this many bytes, including its few bytes of protobuf. */
function row(sizeBytes: number): Buffer {
  const length = sizeBytes - 5;
  const varint = Buffer.from([
    (length & 127) | 128,
    ((length >> 7) & 127) | 128,
    ((length >> 14) & 127) | 128,
    length >> 21,
  ]);
  return Buffer.concat([Buffer.from([10]), varint, Buffer.alloc(length, 'x')]);
}

interface Answer {
  readonly code: number;
  readonly text: string;
  readonly status: number;
  readonly statusMessage: string;
}

/** Resolves once a stream or connection has ended in any way. */
async function ended(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', resolve));
}

/** @returns the outcome of a call */
async function answered(stream: http2.ClientHttp2Stream): Promise<Answer> {
  const chunks: Buffer[] = [];
  let headers: http2.IncomingHttpHeaders = {};
  stream.on('response', (received) => (headers = { ...headers, ...received }));
  stream.on('trailers', (received) => (headers = { ...headers, ...received }));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await ended(stream);
  const message = Buffer.concat(chunks).subarray(5);
  return {
    code: message[0] === 8 ? (message[1] ?? 0) : 0,
    text: message.toString(),
    status: Number(headers['grpc-status']),
    statusMessage: decodeURI(String(headers['grpc-message'] ?? '')),
  };
}

/** Resolves once the runner has read everything available: nothing arrives between two answers to pings. */
async function quiet(session: http2.ClientHttp2Session, receivedBytes: () => number): Promise<number> {
  const ping = promisify((done: (error: Error | null) => void) => session.ping(done));
  const pingBytes = 17 * 3;
  return eventually(async () => {
    const before = receivedBytes();
    for (let count = 0; count < 3; count += 1) await ping();
    const after = receivedBytes();
    return after - before <= pingBytes ? after : undefined;
  });
}

describe('a message without room', () => {
  test('stays with its sender, except for the first window, and is received when there is room', async () => {
    const { port, budget, rows, store, receivedBytes } = await serve({ isStoring: false });
    const session = await connect(port);
    const first = answered(
      open(session).end(Buffer.concat([prefix(messageLimitBytes), row(messageLimitBytes)])),
    );
    await eventually(async () => (receivedBytes() > messageLimitBytes ? true : undefined));
    const others = Array.from({ length: 10 }, () =>
      answered(open(session).end(Buffer.concat([prefix(mebibyte), row(mebibyte)]))),
    );
    const received = await quiet(session, receivedBytes);
    expect(received - messageLimitBytes).toBeLessThan(10 * (firstWindowBytes + 1000));
    expect(budget.waiting).toBe(10);
    store();
    expect((await Promise.all([first, ...others])).map(({ status, code }) => [status, code])).toEqual(
      Array.from({ length: 11 }, () => [0, 0]),
    );
    expect(rows).toEqual([messageLimitBytes - 5, ...Array.from({ length: 10 }, () => mebibyte - 5)]);
    expect(budget.usedBytes).toBe(0);
  });

  test('is held whole if it is small, and answered in its turn', async () => {
    const { port, rows, store, budget } = await serve({ isStoring: false });
    const session = await connect(port);
    const large = answered(
      open(session).end(Buffer.concat([prefix(messageLimitBytes), row(messageLimitBytes)])),
    );
    await eventually(async () => (budget.usedBytes > 0 ? true : undefined));
    const small = answered(open(session).end(Buffer.concat([prefix(2000), row(2000)])));
    await eventually(async () => (budget.waiting === 1 ? true : undefined));
    store();
    expect([(await large).status, (await small).status]).toEqual([0, 0]);
    expect(rows).toEqual([messageLimitBytes - 5, 1995]);
  });

  test('does not wait for a message that was announced and canceled', async () => {
    const { port, budget, rows } = await serve();
    const session = await connect(port);
    const stalled = open(session);
    stalled.write(Buffer.concat([prefix(messageLimitBytes), Buffer.alloc(mebibyte)]));
    await eventually(async () => (budget.usedBytes > 0 ? true : undefined));
    const waiting = open(session);
    waiting.write(prefix(messageLimitBytes));
    const next = answered(open(session).end(Buffer.concat([prefix(mebibyte), row(mebibyte)])));
    await eventually(async () => (budget.waiting === 2 ? true : undefined));
    waiting.close(http2.constants.NGHTTP2_CANCEL);
    await eventually(async () => (budget.waiting === 1 ? true : undefined));
    stalled.close(http2.constants.NGHTTP2_CANCEL);
    expect((await next).status).toBe(0);
    expect(rows).toEqual([mebibyte - 5]);
    expect(budget.usedBytes).toBe(0);
  });

  test('does not delay another subtask', async () => {
    const messages = new MessageBudget({ messageLimitBytes, sharedBytes: 2 * messageLimitBytes });
    const hostile = await serve({ messages });
    const honest = await serve({ messages });
    const session = await connect(hostile.port);
    for (let count = 0; count < 100; count += 1)
      open(session).write(Buffer.concat([prefix(messageLimitBytes), Buffer.alloc(mebibyte)]));
    await eventually(async () => (hostile.budget.waiting === 98 ? true : undefined));
    const other = await connect(honest.port);
    for (let count = 0; count < 5; count += 1) {
      const pushed = open(other).end(Buffer.concat([prefix(messageLimitBytes), row(messageLimitBytes)]));
      expect((await answered(pushed)).status).toBe(0);
    }
    expect(honest.rows).toHaveLength(5);
  });
});

test('a canceled call keeps its room until its row is stored', async () => {
  const { port, budget, rows, received, store } = await serve({ isStoring: false });
  const session = await connect(port);
  const fitting = 3;
  for (let count = 1; count <= 20; count += 1) {
    const stream = open(session).end(Buffer.concat([prefix(mebibyte), row(mebibyte)]));
    if (count <= fitting) await eventually(async () => (received() === count ? true : undefined));
    else await eventually(async () => (budget.waiting === 1 ? true : undefined));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await ended(stream);
    await eventually(async () => (budget.waiting === 0 ? true : undefined));
  }
  expect(budget.usedBytes).toBe(fitting * (mebibyte + callBytes));
  store();
  await eventually(async () => (budget.usedBytes === 0 ? true : undefined));
  expect(rows).toHaveLength(fitting);
});

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Memory of buffers that are still referenced. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test('a message sent byte by byte takes no more memory than it has bytes', async () => {
  const { port, budget, receivedBytes } = await serve();
  const session = await connect(port);
  // Takes all room, so that the others wait.
  open(session).write(Buffer.concat([prefix(messageLimitBytes), Buffer.alloc(1000)]));
  await eventually(async () => (budget.usedBytes > 0 ? true : undefined));
  const held = Array.from({ length: 50 }, () => open(session));
  for (const stream of held) stream.write(prefix(messageLimitBytes));
  // Skipped, since it is over the limit.
  const filler = open(session);
  filler.write(prefix(messageLimitBytes + 1));
  await quiet(session, receivedBytes);
  const before = heldBytes();
  const part = Buffer.alloc(60_000);
  const rounds = 2000;
  for (let round = 0; round < rounds; round += 1) {
    held[round % held.length]?.write(Buffer.alloc(1));
    await new Promise((resolve) => filler.write(part, resolve));
  }
  expect(await quiet(session, receivedBytes)).toBeGreaterThan(rounds * part.length);
  // A view into the socket's chunk would keep the filler around each byte.
  expect(heldBytes() - before).toBeLessThan((rounds * part.length) / 10);
});

test('unread responses share one buffer in memory', async () => {
  const { port } = await serve({ input: JSON.stringify({ text: 'x'.repeat(20 * mebibyte) }) });
  const before = heldBytes();
  const sessions = await Promise.all(Array.from({ length: 4 }, async () => connect(port)));
  const streams = sessions.flatMap((session) =>
    Array.from({ length: 50 }, () => open(session, '/coresdk.Parameter/GetInputJSONString').end(prefix(0))),
  );
  await Promise.all(streams.map(async (stream) => once(stream, 'response')));
  expect(heldBytes() - before).toBeLessThan(100 * mebibyte);
});

function compressed(content: Buffer): Buffer {
  const bytes = gzipSync(content);
  return Buffer.concat([prefix(bytes.length, 1), bytes]);
}

describe('a compressed message', () => {
  test('is decompressed, and counted with the maximum it may grow to', async () => {
    const { port, budget, rows, store } = await serve({ isStoring: false });
    const session = await connect(port);
    const pushed = answered(
      open(session, pushData, { 'grpc-encoding': 'gzip' }).end(compressed(row(mebibyte))),
    );
    await eventually(async () => (budget.usedBytes > mebibyte ? true : undefined));
    store();
    expect((await pushed).status).toBe(0);
    expect(rows).toEqual([mebibyte - 5]);
  });

  test('that grows over the limit gets code 1', async () => {
    const { port, budget, refused } = await serve();
    const session = await connect(port);
    const bomb = compressed(row(50 * mebibyte));
    const answer = await answered(open(session, pushData, { 'grpc-encoding': 'gzip' }).end(bomb));
    expect(answer).toMatchObject({ status: 0, code: 1 });
    expect(answer.text).toMatch(/decompressed size exceeds the limit of 4194304 bytes \(CHELA_SDK_MESSAGE/);
    expect(refused).toHaveLength(1);
    expect(budget.usedBytes).toBe(0);
  });

  test.each([
    ['in a way that is not supported', { 'grpc-encoding': 'snappy' }, 12, /snappy/],
    ['whose call names no compression', {}, 13, /has no grpc-encoding header/],
    ['that is invalid', { 'grpc-encoding': 'deflate' }, 13, /could not be decompressed/],
  ] as const)('%s ends its call', async (_, headers, status, message) => {
    const { port, budget } = await serve();
    const session = await connect(port);
    const answer = await answered(open(session, pushData, headers).end(compressed(row(1000))));
    expect(answer.status).toBe(status);
    expect(answer.statusMessage).toMatch(message);
    expect(budget.usedBytes).toBe(0);
  });
});

describe('a call', () => {
  test.each([
    ['without a message', Buffer.alloc(0), 12],
    ['that ends within the prefix', prefix(10).subarray(0, 3), 12],
    ['that ends within its message', Buffer.concat([prefix(100), Buffer.alloc(50)]), 13],
    ['with two messages', Buffer.concat([prefix(3), Buffer.from([10, 1, 65]), prefix(0)]), 12],
    ['with an unknown flag', Buffer.concat([prefix(3, 2), Buffer.from([10, 1, 65])]), 13],
  ])('%s ends with a status, and frees its room', async (_, bytes, status) => {
    const { port, budget, rows } = await serve();
    const session = await connect(port);
    const stream = open(session);
    const answer = answered(bytes.length === 0 ? stream.end() : stream.end(bytes));
    expect((await answer).status).toBe(status);
    expect(rows).toEqual([]);
    expect(budget.usedBytes).toBe(0);
    expect((await answered(open(session).end(Buffer.concat([prefix(1000), row(1000)])))).status).toBe(0);
  });

  test('whose bytes arrive one by one is answered', async () => {
    const { port, rows } = await serve();
    const session = await connect(port);
    const stream = open(session);
    const answer = answered(stream);
    for (const byte of Buffer.concat([prefix(300), row(300)])) stream.write(Buffer.from([byte]));
    stream.end();
    expect((await answer).status).toBe(0);
    expect(rows).toEqual([295]);
  });

  test('with an HTTP method other than POST, or to an unknown method, is refused', async () => {
    const { port } = await serve();
    const session = await connect(port);
    expect((await answered(open(session, pushData, { ':method': 'PUT' }).end())).status).toBe(12);
    const unknown = await answered(open(session, '/coresdk.Result/Ünknown').end());
    expect(unknown).toMatchObject({ status: 12, statusMessage: expect.stringContaining('does not exist') });
  });
});

async function expectHealthy(port: number): Promise<void> {
  const session = await connect(port);
  const pushed = open(session).end(Buffer.concat([prefix(1000), row(1000)]));
  expect((await answered(pushed)).status).toBe(0);
  session.close();
}

describe('a hostile client', () => {
  test('that opens and resets calls endlessly loses only its own connection', async () => {
    const { port, budget } = await serve();
    const session = await connect(port);
    const closed = ended(session);
    for (let count = 0; count < 5000 && !session.destroyed; count += 1) {
      const stream = open(session);
      stream.write(Buffer.concat([prefix(1000), row(1000).subarray(0, 10)]));
      stream.close(http2.constants.NGHTTP2_CANCEL);
      if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(budget.usedBytes).toBe(0);
    await expectHealthy(port);
  });

  test.each([
    ['pings', Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])],
    ['settings', Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])],
  ])('that floods with %s without reading responses does not increase memory use', async (_, frame) => {
    const { port, receivedBytes } = await serve();
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
    const before = process.memoryUsage().rss;
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => frame));
    for (let round = 0; round < 100 && !socket.destroyed; round += 1) {
      if (!socket.write(flood))
        await Promise.race([
          new Promise((resolve) => socket.once('drain', resolve)),
          ended(socket),
          stalled(),
        ]);
    }
    expect(receivedBytes()).toBeGreaterThan(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * mebibyte);
    await expectHealthy(port);

    /** The runner stops reading while its responses are not read. */
    async function stalled(): Promise<void> {
      await eventually(async () => {
        const seen = receivedBytes();
        await new Promise((resolve) => setTimeout(resolve, 100));
        return receivedBytes() === seen ? true : undefined;
      });
    }
  });

  test('that sends too much metadata has its call ended', async () => {
    const { port } = await serve();
    const session = await connect(port);
    const stream = open(session, pushData, { 'x-much': 'x'.repeat(60_000) });
    await ended(stream);
    expect(stream.rstCode).not.toBe(0);
    await expectHealthy(port);
  });

  test('gets few concurrent calls on each connection after the first ones', async () => {
    const { port } = await serve();
    const sessions: http2.ClientHttp2Session[] = [];
    for (let count = 0; count < 8; count += 1) sessions.push(await connect(port));
    expect(sessions.map(({ remoteSettings }) => remoteSettings.maxConcurrentStreams)).toEqual([
      100, 100, 100, 100, 8, 8, 8, 8,
    ]);
  });
});
