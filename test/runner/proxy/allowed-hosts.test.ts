/** What an allow-list lets through the proxy, and what not, however a worker writes the target. */
import { describe, expect, test } from 'vitest';
import { HostList } from '../../../src/addresses/addresses.ts';
import { serveProxy, type ServedProxy } from './support/proxy.ts';
import { serveHttp } from './support/servers.ts';
import { askFor, openSocket, take } from './support/socks-client.ts';
import { serveSocksUpstream, upstreamLogin } from './support/upstreams.ts';

async function serveSite(): Promise<number> {
  return (await serveHttp((request, response) => response.end(`site ${request.headers.host}`))).port;
}

/** The status of an HTTP request to the proxy. */
async function statusOf(proxy: ServedProxy, start: string): Promise<number> {
  const { user, password } = proxy.credentials;
  const authorization = `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const socket = await openSocket(proxy.port);
  socket.write(`${start} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${authorization}\r\n\r\n`);
  return Number((await take(socket, 'HTTP/1.1 200'.length)).toString('latin1').split(' ')[1]);
}

test('a listed name is reached by every protocol, its address is not', async () => {
  const port = await serveSite();
  const proxy = await serveProxy({}, '', { worker: new HostList(['LOCALHOST']) });
  expect((await askFor(proxy, 'LocalHost.', port)).code).toBe(0);
  expect(await statusOf(proxy, `CONNECT localhost:${port}`)).toBe(200);
  expect(await statusOf(proxy, `GET http://localhost:${port}/`)).toBe(200);

  expect((await askFor(proxy, '127.0.0.1', port)).code).toBe(2);
  expect((await askFor(proxy, '0:0:0:0:0:ffff:7f00:1', port)).code).toBe(2);
  expect(await statusOf(proxy, `CONNECT 127.0.0.1:${port}`)).toBe(403);
  expect(await statusOf(proxy, `CONNECT [::ffff:127.0.0.1]:${port}`)).toBe(403);
  expect(await statusOf(proxy, `CONNECT 2130706433:${port}`)).toBe(403);
  expect(await statusOf(proxy, `GET http://127.0.0.1:${port}/`)).toBe(403);
});

test('a name with a listed address is refused', async () => {
  const port = await serveSite();
  const proxy = await serveProxy({}, '', { worker: new HostList(['127.0.0.1']) });
  expect((await askFor(proxy, '127.1', port)).code).toBe(0);
  expect((await askFor(proxy, 'localhost', port)).code).toBe(2);
  expect(await statusOf(proxy, `CONNECT localhost:${port}`)).toBe(403);
});

describe('a target that only looks like a listed one', () => {
  test.each<[string, (port: number) => string, number]>([
    ['with user info in CONNECT', (port) => `CONNECT localhost@127.0.0.1:${port}`, 400],
    ['with two ports', (port) => `CONNECT localhost:80@127.0.0.1:${port}`, 400],
    ['with a path in CONNECT', (port) => `CONNECT localhost/@127.0.0.1:${port}`, 400],
    ['with user info in a URL', (port) => `GET http://localhost@127.0.0.1:${port}/`, 403],
    ['with a backslash in a URL', (port) => `GET http://127.0.0.1:${port}\\@localhost/`, 400],
    ['with a longer name', (port) => `CONNECT localhost.example:${port}`, 403],
    ['with an encoded name', (port) => `CONNECT %6cocalhost:${port}`, 400],
  ])('is refused: %s', async (_, start, status) => {
    const port = await serveSite();
    const proxy = await serveProxy({}, '', { worker: new HostList(['localhost']) });
    expect(await statusOf(proxy, start(port))).toBe(status);
    expect(proxy.hosts().every(({ outcome }) => outcome !== 'connected')).toBe(true);
  });
});

test('a target must be on the lists of both the worker and the run', async () => {
  const port = await serveSite();
  const lists = {
    worker: new HostList(['localhost', '127.0.0.1']),
    run: new HostList([`localhost:${port}`, '8.8.8.8']),
  };
  const proxy = await serveProxy({}, '', lists);
  expect((await askFor(proxy, 'localhost', port)).code).toBe(0);
  for (const [host, at] of [
    ['localhost', port + 1],
    ['127.0.0.1', port],
    ['8.8.8.8', 443],
  ] as const)
    expect((await askFor(proxy, host, at)).code).toBe(2);
  expect(proxy.notices).toEqual([
    `localhost:${port + 1} is not on the run's allow-list, which it was started with (allowed_hosts)`,
    `127.0.0.1:${port} is not on the run's allow-list, which it was started with (allowed_hosts)`,
    `8.8.8.8:443 is not on the worker's allow-list: its owner can add it in the settings of the worker`,
  ]);
});

test('a refused host is logged once whatever its port, and counted each time', async () => {
  const proxy = await serveProxy({}, '', { worker: new HostList([]) });
  for (const port of [80, 443, 443]) await askFor(proxy, 'shop.example', port);
  await askFor(proxy, 'SHOP.example.', 8080);
  expect(proxy.notices).toHaveLength(1);
  expect(
    proxy.hosts().map(({ host, port, outcome, connections }) => [host, port, outcome, connections]),
  ).toEqual([
    ['shop.example', 80, 'not_allowed', 1],
    ['shop.example', 443, 'not_allowed', 2],
    ['shop.example', 8080, 'not_allowed', 1],
  ]);
});

test('an upstream never hears of a host that is not listed', async () => {
  const port = await serveSite();
  const upstream = await serveSocksUpstream();
  const proxyRegions = new Map([['US', `socks5h://${upstreamLogin}@127.0.0.1:${upstream.port}`]]);
  const proxy = await serveProxy({ proxyRegions }, '', { worker: new HostList(['*.shop.example']) });
  expect((await askFor(proxy, 'www.shop.example', port)).code).toBe(0);
  expect((await askFor(proxy, 'shop.example', port)).code).toBe(2);
  expect(upstream.asked).toEqual([`www.shop.example:${port}`]);
});
