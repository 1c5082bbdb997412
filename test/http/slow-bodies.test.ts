import fastify from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ChelaError } from '../../src/errors.ts';
import { boundSlowBodies } from '../../src/http/slow-bodies.ts';

/**
 * A server that answers with the length of the body.
 * @param before what a request waits for before its body is read
 * @returns opens a connection to it; its ends of them
 */
async function startServer(
  limits: Parameters<typeof boundSlowBodies>[1],
  before: () => Promise<void> = async () => undefined,
): Promise<{ open: () => Socket; accepted: Socket[] }> {
  const app = fastify({ bodyLimit: 2 ** 30 });
  boundSlowBodies(app, limits);
  app.addHook('onRequest', before);
  app.setErrorHandler((error: ChelaError, _request, reply) =>
    reply.code(error.kind.status).send(error.message),
  );
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/', async ({ body }) => `${(body as Buffer).length} bytes`);
  await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const accepted: Socket[] = [];
  app.server.on('connection', (socket: Socket) => accepted.push(socket));
  return { open: () => connect(port, '127.0.0.1').on('error', () => undefined), accepted };
}

const head = (length: number): string =>
  `POST / HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${length}\r\n\r\n`;

test('a body that stalls is refused, and its connection is closed; one that keeps arriving is not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { open, accepted } = await startServer({ bodyStallSeconds: 30, unfinishedBodyLimit: 10 });
  const socket = open();
  const answer = text(socket);
  const begin = head(2 ** 20);
  socket.write(begin);
  let sent = begin.length;
  const arrived = async (): Promise<void> =>
    expect.poll(() => accepted.reduce((sum, { bytesRead }) => sum + bytesRead, 0)).toBe(sent);
  await arrived();
  for (let part = 0; part < 5; part += 1) {
    socket.write(Buffer.alloc(16 * 1024));
    sent += 16 * 1024;
    await arrived();
    vi.advanceTimersByTime(30_000);
  }
  socket.write(Buffer.alloc(16 * 1024 - 1));
  sent += 16 * 1024 - 1;
  await arrived();
  vi.advanceTimersByTime(30_000);
  expect(await answer).toMatch(/^HTTP\/1\.1 400 .*less than 16 KiB of the body arrived within 30 s/s);
});

test('one address has only so many unfinished bodies; a body that arrives makes room', async () => {
  const { open } = await startServer({ bodyStallSeconds: 600, unfinishedBodyLimit: 2 });
  const [first, second] = [open(), open()];
  for (const socket of [first, second]) socket.write(`${head(4)}ab`);
  const refused = async (): Promise<string> => {
    const socket = open();
    socket.write(`${head(4)}abcd`);
    return text(socket);
  };
  await expect.poll(refused).toMatch(/^HTTP\/1\.1 429 .*2 requests of this address/s);
  first.write('cd');
  const [data] = (await once(first, 'data')) as [Buffer];
  expect(data.toString()).toContain('4 bytes');
  second.destroy();
  await expect.poll(refused).toContain('4 bytes');
});

test('a body that has arrived is not refused because nothing reads it yet', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const asked = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  const limits = { bodyStallSeconds: 30, unfinishedBodyLimit: 10 };
  const { open } = await startServer(limits, async () => {
    asked.resolve();
    await allowed.promise;
  });
  const socket = open();
  const answer = text(socket);
  socket.write(`${head(4)}abcd`);
  await asked.promise;
  vi.advanceTimersByTime(60_000);
  allowed.resolve();
  expect(await answer).toContain('4 bytes');
});
