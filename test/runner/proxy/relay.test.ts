import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { relay } from '../../../src/runner/proxy/relay.ts';

/** Both ends of a connection. Only the first has a listener for errors. */
async function connection(): Promise<{ outer: Socket; inner: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const outer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  outer.on('error', () => undefined);
  const [inner] = (await accepted) as [Socket];
  server.close();
  onTestFinished(() => {
    outer.destroy();
    inner.destroy();
  });
  return { outer, inner };
}

test.each(['client', 'target'] as const)('if the %s is reset, so is the other side', async (broken) => {
  const [client, target] = [await connection(), await connection()];
  relay(client.inner, target.inner);
  const [breaking, other] = broken === 'client' ? [client, target] : [target, client];
  breaking.outer.write('so far');
  const [data] = (await once(other.outer, 'data')) as [Buffer];
  expect(data.toString()).toBe('so far');
  const failed = once(other.outer, 'error') as Promise<[NodeJS.ErrnoException]>;
  breaking.outer.resetAndDestroy();
  const [error] = await failed;
  expect(error.code).toBe('ECONNRESET');
});
