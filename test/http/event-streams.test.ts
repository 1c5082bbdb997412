import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { EventStreams } from '../../src/http/event-streams.ts';

/** Requests that are not answered yet. @returns the answer of the next one, and a way for its client to leave */
async function startServer(): Promise<() => Promise<{ answer: ServerResponse; leave: () => void }>> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async () => {
    const arrived = once(server, 'request');
    const request = get({ host: '127.0.0.1', port }).on('error', () => undefined);
    const [, answer] = (await arrived) as [unknown, ServerResponse];
    return { answer, leave: () => request.destroy() };
  };
}

test('a client that left before its stream was opened takes no place', async () => {
  const ask = await startServer();
  const streams = new EventStreams(1);
  const { answer, leave } = await ask();
  const closed = once(answer, 'close');
  leave();
  await closed;
  streams.open(1, answer);
  const other = await ask();
  expect(() => streams.open(1, other.answer)).not.toThrow();
});

test('a stream takes a place of its account until its client leaves', async () => {
  const ask = await startServer();
  const streams = new EventStreams(1);
  const [first, second] = [await ask(), await ask()];
  streams.open(1, first.answer);
  expect(() => streams.open(1, second.answer)).toThrow('limit of 1 open event streams');
  expect(() => streams.open(2, second.answer)).not.toThrow();
  const closed = once(first.answer, 'close');
  first.leave();
  await closed;
  const third = await ask();
  expect(() => streams.open(1, third.answer)).not.toThrow();
});
