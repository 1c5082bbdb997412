/** Clients that send requests without waiting for the answers to those before. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({}, { api: true, runner: false });
});
afterAll(async () => platform.close());

function sendAhead(count: number): Socket {
  const { hostname, port, host } = new URL(platform.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(`GET /openapi.json HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(count));
  return socket;
}

async function answersOf(socket: Socket, expected = Infinity): Promise<number> {
  let received = '';
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) {
    received += chunk;
    if (received.split('HTTP/1.1 200').length > expected) break;
  }
  return received.split('HTTP/1.1 200').length - 1;
}

test('a few are all answered', async () => {
  expect(await answersOf(sendAhead(5), 5)).toBe(5);
});

test('thousands end their connection, and others are answered', async () => {
  const floods = Array.from({ length: 4 }, async () => answersOf(sendAhead(5000)).catch(() => 0));
  for (const answers of await Promise.all(floods)) expect(answers).toBeLessThan(20);
  expect((await fetch(`${platform.url}/openapi.json`)).status).toBe(200);
});
