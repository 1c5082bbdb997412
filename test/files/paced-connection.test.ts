import { once } from 'node:events';
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { Pace, PacedConnection } from '../../src/runner/storage/paced-connection.ts';

/** Both ends of a connection. */
async function connect(): Promise<{ client: net.Socket; accepted: net.Socket }> {
  const listener = net.createServer();
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const client = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(listener, 'connection')) as [net.Socket];
  onTestFinished(() => {
    client.destroy();
    accepted.destroy();
    listener.close();
  });
  return { client, accepted };
}

const content = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));

test('all bytes arrive in order, in both directions, and the end too', async () => {
  const { client, accepted } = await connect();
  const paced = new PacedConnection(accepted, new Pace());
  const received = buffer(paced);
  client.write(content);
  paced.write('answer');
  expect(String(await once(client, 'data'))).toBe('answer');
  client.end();
  expect((await received).equals(content)).toBe(true);
});

test('slices that take long are small, and other work has its turn between them', async () => {
  const { client, accepted } = await connect();
  const paced = new PacedConnection(accepted, new Pace());
  const order: number[] = [];
  paced.on('data', (slice: Buffer) => {
    order.push(slice.length);
    const until = performance.now() + 5;
    while (performance.now() < until);
    setImmediate(() => order.push(0));
    if (order.length > 12) paced.destroy();
  });
  client.on('error', () => undefined).write(content);
  await once(paced, 'close');
  // A slice, then the other work, and so on.
  expect(order.filter((_, index) => index % 2 === 0).every((size) => size > 0 && size <= 4096)).toBe(true);
  expect(order.filter((_, index) => index % 2 === 1).every((size) => size === 0)).toBe(true);
});
