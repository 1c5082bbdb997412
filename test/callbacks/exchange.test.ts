import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { exchange, type ExchangeOutcome } from '../../src/callbacks/exchange.ts';
import { guardOf } from '../support/address-guard.ts';
import { accept, answerStatus, Receiver, type Answerer } from './support/receiver.ts';

const body = '{"run_slug":"01KKDXV2G26BT7NH4ZQR2R4NPZ"}';
const headers = { 'content-type': 'application/json' };
const loopback = guardOf(['127.0.0.1']);
const shortMilliseconds = 300;

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function receiver(answer: Answerer = accept): Promise<Receiver> {
  const started = await Receiver.start(answer);
  open.push(started);
  return started;
}

/** A server whose response the test controls byte by byte. @returns its URL */
async function rawReceiver(speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', () => speak(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  open.push({
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Sends some text repeatedly until the other side disconnects. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 20);
  socket.once('close', () => clearInterval(timer));
}

function send(url: string, limitMilliseconds = 5000, guard = loopback): Promise<ExchangeOutcome> {
  return exchange({ url, headers, body }, guard, limitMilliseconds);
}

test('the body is posted unchanged, and 2xx is success', async () => {
  const target = await receiver((response) => response.writeHead(204).end());
  expect(await send(target.url)).toMatchObject({ statusCode: 204, error: '', answer: '' });
  expect(target.requests).toEqual([
    {
      method: 'POST',
      path: '/callback?client=7',
      body,
      headers: {
        host: `127.0.0.1:${target.port}`,
        'content-type': 'application/json',
        'content-length': String(body.length),
        connection: 'close',
      },
    },
  ]);
});

test.each([199, 303, 304, 400, 404, 410, 429, 500, 503])('a %i response is a failure', async (status) => {
  const target = await receiver((response) => {
    if (status === 199) response.socket?.end('HTTP/1.1 199 Odd\r\ncontent-length: 0\r\n\r\n');
    else response.writeHead(status).end();
  });
  expect((await send(target.url, shortMilliseconds)).error).not.toBe('');
});

test('the start of the response is kept, as text that PostgreSQL can store', async () => {
  const target = await receiver((response) => {
    response.writeHead(500).end(Buffer.from(`no\0 room \xff${'x'.repeat(5000)}`, 'latin1'));
  });
  const outcome = await send(target.url);
  expect(outcome).toMatchObject({ statusCode: 500, error: 'answered 500' });
  expect(outcome.answer).toBe(`no\u{FFFD} room \u{FFFD}${'x'.repeat(1014)}`);
});

test('an unreachable receiver is an error that says so', async () => {
  const target = await Receiver.start();
  await target.close();
  expect(await send(target.url)).toMatchObject({
    statusCode: undefined,
    error: `connect ECONNREFUSED 127.0.0.1:${target.port}`,
  });
});

test.each<[string, (socket: Socket) => void]>([
  ['never answers', () => undefined],
  [
    'trickles its headers',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      drip(socket, 'x-slow: 1\r\n');
    },
  ],
  [
    'trickles its body',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      drip(socket, '1\r\nx\r\n');
    },
  ],
  ['sends informational responses forever', (socket) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n')],
])('a receiver that %s is canceled at the time limit', async (_, speak) => {
  const outcome = await send(await rawReceiver(speak), shortMilliseconds);
  expect(outcome.error).toBe('no complete answer within 0.3 s');
  expect(outcome.milliseconds).toBeLessThan(shortMilliseconds + 2000);
});

test('a huge response is read only up to the limit, and its status counts', async () => {
  let sentBytes = 0;
  const url = await rawReceiver((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const block = Buffer.alloc(64 * 1024, 'x');
    const pump = (): void => {
      while (!socket.destroyed && socket.write(block)) sentBytes += block.length;
    };
    socket.on('drain', pump);
    pump();
  });
  const outcome = await send(url);
  expect(outcome).toMatchObject({ statusCode: 200, error: '' });
  expect(outcome.answer).toHaveLength(1024);
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
});

test('huge headers are refused', async () => {
  const url = await rawReceiver((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`),
  );
  expect((await send(url)).error).toContain('Header overflow');
});

test.each<[string, (socket: Socket) => void]>([
  ['disconnects', (socket) => socket.destroy()],
  ['speaks another protocol', (socket) => socket.end('220 smtp.example.com ESMTP\r\n')],
  [
    'switches protocols',
    (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
  ],
])('a receiver that %s is a failure', async (_, speak) => {
  expect((await send(await rawReceiver(speak), shortMilliseconds)).error).not.toBe('');
});

test.each([301, 302, 307, 308])('a redirect of %i repeats the request at its target', async (status) => {
  const target = await receiver();
  const first = await receiver(answerStatus(status, { location: `http://127.0.0.1:${target.port}/moved` }));
  expect(await send(first.url)).toMatchObject({ statusCode: 200, error: '' });
  expect(target.requests).toMatchObject([{ method: 'POST', path: '/moved', body }]);
});

test('a redirect loop ends', async () => {
  const circle = await receiver(answerStatus(307, { location: '/again' }));
  expect((await send(circle.url)).error).toBe('redirected more than 3 times');
  expect(circle.requests).toHaveLength(4);
});

test.each([
  ['http://127.0.0.2/', 'a redirect is refused: 127.0.0.2:80 is not a public address'],
  ['http://169.254.169.254/latest/meta-data/', 'a redirect is refused: 169.254.169.254:80 is not'],
  ['http://[::ffff:10.0.0.1]/', 'a redirect is refused: [::ffff:a00:1]:80 is not'],
  ['http://user:word@127.0.0.1/', 'a redirect must not contain a user name or password'],
  ['ftp://127.0.0.1/', 'a redirect is not an http or https URL'],
  ['http://[', 'redirected to an invalid URL'],
])('a redirect to %s is not followed', async (location, message) => {
  const first = await receiver(answerStatus(307, { location }));
  const outcome = await send(first.url);
  expect(outcome.statusCode).toBe(307);
  expect(outcome.error).toContain(message);
});

test('a host name that resolves first to a public address and then to loopback is not reached', async () => {
  const target = await receiver();
  const answers = ['8.8.8.8', '127.0.0.1'];
  let asked = 0;
  const guard = guardOf([], async () => [{ address: answers[asked++] ?? '127.0.0.1', family: 4 }]);
  // What a check before the request would have seen.
  await guard.addresses({ host: 'rebind.example.com', port: target.port });
  const outcome = await send(`http://rebind.example.com:${target.port}/`, 5000, guard);
  expect(outcome.error).toContain('has no public address');
  expect(asked).toBe(2);
  expect(target.requests).toEqual([]);
});

test('a redirect to a host name is checked by the address it resolves to', async () => {
  const inside = await receiver();
  const guard = guardOf(['127.0.0.1'], async () => [{ address: '10.0.0.1', family: 4 }]);
  const first = await receiver(answerStatus(302, { location: `http://inside.example.com:${inside.port}/` }));
  expect((await send(first.url, 5000, guard)).error).toContain('has no public address');
});

test('a host name that never resolves is canceled at the time limit', async () => {
  const guard = guardOf([], () => new Promise(() => undefined));
  expect((await send('http://slow.example.com/', shortMilliseconds, guard)).error).toBe(
    'no complete answer within 0.3 s',
  );
});
