/** What the proxy counts for each host, and why it refuses connections. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { serveProxy } from './support/proxy.ts';
import { serveEcho, serveTcp } from './support/servers.ts';
import { askFor } from './support/socks-client.ts';
import { serveSocksUpstream, upstreamLogin } from './support/upstreams.ts';

/** A port of loopback on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('the bytes of each host are counted in both directions', async () => {
  const [proxy, echo] = [await serveProxy(), await serveEcho()];
  const { port: hello } = await serveTcp(
    (socket) => void socket.resume().once('end', () => socket.end('hello')),
  );
  const echoed = await askFor(proxy, 'LocalHost.', echo.port);
  echoed.socket.end(Buffer.alloc(1_000_000));
  await buffer(echoed.socket);
  for (let count = 0; count < 2; count += 1) {
    const { socket } = await askFor(proxy, '127.1', hello);
    socket.end('hi');
    await buffer(socket);
  }
  expect(proxy.hosts()).toEqual([
    {
      host: 'localhost',
      port: echo.port,
      outcome: 'connected',
      connections: 1,
      sentBytes: 1_000_000,
      receivedBytes: 1_000_000,
    },
    { host: '127.0.0.1', port: hello, outcome: 'connected', connections: 2, sentBytes: 4, receivedBytes: 10 },
  ]);
  expect(proxy.traffic()).toBe(2_000_014);
});

test('a refused connection is counted with its reason', async () => {
  const proxy = await serveProxy();
  const port = await freePort();
  await askFor(proxy, '10.0.0.1', 80);
  await askFor(proxy, 'a b', 80);
  await askFor(proxy, 'does-not-exist.invalid', 80);
  await askFor(proxy, '127.0.0.1', port);
  await askFor(proxy, '127.0.0.1', port);
  const counted = proxy.hosts().map(({ host, outcome, connections }) => [host, outcome, connections]);
  expect(counted).toEqual([
    ['10.0.0.1', 'private_address', 1],
    ['a b', 'malformed_target', 1],
    ['does-not-exist.invalid', 'name_not_found', 1],
    ['127.0.0.1', 'connection_refused', 2],
  ]);
});

test('a connection through an upstream is counted by its target', async () => {
  const { port } = await serveTcp((socket) => socket.end('hello'));
  const upstream = await serveSocksUpstream();
  const proxyRegions = new Map([['US', `socks5h://${upstreamLogin}@127.0.0.1:${upstream.port}`]]);
  const proxy = await serveProxy({ proxyRegions });
  const { socket } = await askFor(proxy, 'shop.example', port);
  socket.end();
  await buffer(socket);
  const dead = await askFor(proxy, 'shop.example', await freePort());
  expect(dead.code).toBe(5);
  expect(proxy.hosts().map(({ host, outcome, receivedBytes }) => [host, outcome, receivedBytes])).toEqual([
    ['shop.example', 'connected', 5],
    ['shop.example', 'connection_refused', 0],
  ]);
});

test('a connection that is being made when the traffic is used up is counted with that reason', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  // An upstream that never answers.
  const upstream = await serveTcp((socket) => void socket.once('data', () => resolve()));
  const proxy = await serveProxy({ proxyRegions: new Map([['US', `http://127.0.0.1:${upstream.port}`]]) });
  const refused = askFor(proxy, '8.8.8.8', 443).catch(() => 'closed');
  await asked;
  proxy.session.close('traffic_limit');
  expect(await refused).toBe('closed');
  await expect
    .poll(proxy.hosts, { timeout: 60_000 })
    .toMatchObject([{ host: '8.8.8.8', port: 443, outcome: 'traffic_limit' }]);
});
