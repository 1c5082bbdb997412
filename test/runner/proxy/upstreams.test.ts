import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveProxy, type ServedProxy } from './support/proxy.ts';
import { serveEcho, serveTcp } from './support/servers.ts';
import { askFor, take } from './support/socks-client.ts';
import {
  serveHttpUpstream,
  serveSocksUpstream,
  upstreamLogin,
  type ServedUpstream,
} from './support/upstreams.ts';

/** The certificate of an upstream on loopback. */
const certificate = { key: '', cert: '' };
const knownAuthorities = getCACertificates('default');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-certificate-'));
  const [keyFile, certificateFile] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-days',
    '2',
    ...key,
    ...subject,
    '-out',
    certificateFile,
  ]);
  certificate.key = await readFile(keyFile, 'utf8');
  certificate.cert = await readFile(certificateFile, 'utf8');
  setDefaultCACertificates([...knownAuthorities, certificate.cert]);
});
afterAll(async () => {
  setDefaultCACertificates(knownAuthorities);
  await rm(folder, { recursive: true, force: true });
});

interface Kind {
  readonly scheme: string;
  readonly serve: () => Promise<ServedUpstream>;
  /** The host that the upstream gets if the worker requests `localhost`. */
  readonly host: string;
}

const kinds: Kind[] = [
  { scheme: 'socks5', serve: serveSocksUpstream, host: '127.0.0.1' },
  { scheme: 'socks5h', serve: serveSocksUpstream, host: 'localhost' },
  { scheme: 'http', serve: serveHttpUpstream, host: '127.0.0.1' },
  { scheme: 'https', serve: async () => serveHttpUpstream(certificate), host: '127.0.0.1' },
];

function regions(...entries: [string, string][]): { proxyRegions: ReadonlyMap<string, string> } {
  return { proxyRegions: new Map(entries) };
}

async function exchange(proxy: ServedProxy, host: string, port: number): Promise<string> {
  const { socket, code } = await askFor(proxy, host, port);
  expect(code).toBe(0);
  socket.write('hello');
  return (await take(socket, 5)).toString();
}

describe.each(kinds)('an upstream of kind $scheme', ({ scheme, serve, host }) => {
  test('carries the connection, and its own handshake is not counted', async () => {
    const [upstream, echo] = [await serve(), await serveEcho()];
    const proxy = await serveProxy(
      regions(['US', `${scheme}://${upstreamLogin}@localhost:${upstream.port}`]),
    );
    expect(await exchange(proxy, '127.0.0.1', echo.port)).toBe('hello');
    expect(await exchange(proxy, 'localhost', echo.port)).toBe('hello');
    expect(upstream.asked).toEqual([`127.0.0.1:${echo.port}`, `${host}:${echo.port}`]);
    expect(proxy.traffic()).toBe(20);
  });

  test('may send the first bytes of the target right after its answer', async () => {
    const upstream = await serve();
    const server = await serveTcp((socket) => socket.write('220 ready'));
    const proxy = await serveProxy(
      regions(['US', `${scheme}://${upstreamLogin}@localhost:${upstream.port}`]),
    );
    const { socket } = await askFor(proxy, '127.0.0.1', server.port);
    expect((await take(socket, 9)).toString()).toBe('220 ready');
    expect(proxy.traffic()).toBe(9);
  });

  test('gets no requests for targets that are not public', async () => {
    const upstream = await serve();
    const config = regions(['US', `${scheme}://${upstreamLogin}@localhost:${upstream.port}`]);
    const proxy = await serveProxy({ ...config, proxyAllowedTargets: [] });
    for (const forbidden of ['127.0.0.1', '10.0.0.1', 'localhost', '0x7f000001']) {
      expect((await askFor(proxy, forbidden, 80)).code).toBe(2);
    }
    expect(upstream.asked).toEqual([]);
  });

  test('that refuses the credentials is named in the log, without the credentials', async () => {
    const upstream = await serve();
    const proxy = await serveProxy(regions(['US', `${scheme}://up:secret@localhost:${upstream.port}`]));
    expect((await askFor(proxy, '127.0.0.1', 80)).code).toBe(1);
    expect(proxy.notices).toEqual([
      expect.stringMatching(/^the upstream proxy (refused its credentials|answered 407)/),
    ]);
    expect(proxy.notices.join()).not.toContain('secret');
  });

  test('that is unreachable or never answers is named in the log', async () => {
    const silent = await serveTcp(() => undefined);
    const config = { proxyConnectTimeoutSeconds: 0.1 };
    const absent = await serveProxy(regions(['US', `${scheme}://localhost:1`]));
    expect((await askFor(absent, '127.0.0.1', 80)).code).toBe(1);
    expect(absent.notices).toEqual(['the upstream proxy of this region failed: ECONNREFUSED']);
    const waiting = await serveProxy({
      ...config,
      ...regions(['US', `${scheme}://localhost:${silent.port}`]),
    });
    expect((await askFor(waiting, '127.0.0.1', 80)).code).toBe(6);
    expect(waiting.notices).toEqual(['connecting to 127.0.0.1:80 timed out']);
  });
});

test('an upstream with an invalid certificate is not used', async () => {
  const upstream = await serveHttpUpstream(certificate);
  const proxy = await serveProxy(regions(['US', `https://${upstreamLogin}@127.0.0.1:${upstream.port}`]));
  expect((await askFor(proxy, '127.0.0.1', 80)).code).toBe(1);
  expect(proxy.notices[0]).toMatch(/^the upstream proxy of this region failed: ERR_TLS_CERT_ALTNAME_INVALID/);
});

test.each([
  ['', 'first'],
  ['US', 'first'],
  ['DE', 'second'],
  ['de', 'second'],
  ['FR', 'first'],
])('the region %o uses the %s upstream', async (region, expected) => {
  const [first, second, echo] = [await serveSocksUpstream(), await serveSocksUpstream(), await serveEcho()];
  const config = regions(
    ['US', `socks5://${upstreamLogin}@127.0.0.1:${first.port}`],
    ['DE', `socks5://${upstreamLogin}@127.0.0.1:${second.port}`],
  );
  const proxy = await serveProxy(config, region);
  await exchange(proxy, '127.0.0.1', echo.port);
  expect({ first: first.asked.length, second: second.asked.length }).toEqual({
    first: expected === 'first' ? 1 : 0,
    second: expected === 'second' ? 1 : 0,
  });
});
