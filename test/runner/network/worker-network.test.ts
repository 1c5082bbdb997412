/** What programs without proxy support can reach, by name and by address, and what the log says about refusals. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BubblewrapSandbox } from '../../../src/runner/sandboxes/bubblewrap.ts';
import { serveEcho, serveHttp, serveTcp } from '../proxy/support/servers.ts';
import { serveSocksUpstream, upstreamLogin } from '../proxy/support/upstreams.ts';
import { firstUserId, makeReachableFolder, removeFolder } from '../worker-package.ts';
import { runNetworked } from './support.ts';

const loopback = ['127.0.0.0/8', '::1'];
const here = async (): Promise<{ address: string; family: number }[]> => [
  { address: '127.0.0.1', family: 4 },
];

let cacheDir: string;
let sandbox: BubblewrapSandbox;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
});
afterAll(async () => removeFolder(cacheDir));

async function serveSite(): Promise<number> {
  const site = await serveHttp((request, response) =>
    response.end(`${request.method} ${request.headers.host}`),
  );
  return site.port;
}

describe('a name', () => {
  test('can be reached by Node', async () => {
    const port = await serveSite();
    const body = `const get = (url) => () => new Promise((resolve, reject) => http.get(url, (answer) => {
        let all = ''; answer.on('data', (data) => { all += data }).on('end', () => resolve(all)) }).on('error', reject));
      return settle(ask('http://shop.example:${port}/'), ask('http://Bücher.example:${port}/'), get('http://www.shop.example:${port}/'),
        get({ host: 'shop.example', port: ${port}, family: 4 }), get({ host: 'shop.example', port: ${port}, family: 6 }))`;
    const { value, notices } = await runNetworked(body, {
      sandbox,
      ports: [port],
      allowed: loopback,
      resolve: here,
    });
    expect(value).toEqual([
      `GET shop.example:${port}`,
      `GET xn--bcher-kva.example:${port}`,
      `GET www.shop.example:${port}`,
      `GET shop.example:${port}`,
      `GET shop.example:${port}`,
    ]);
    expect(notices).toEqual([]);
  });

  test('resolves to synthetic addresses, which resolve back to the name', async () => {
    const body = `return settle(() => dns.promises.resolve4('shop.example'), () => dns.promises.resolve6('shop.example'),
      () => dns.promises.reverse('198.18.1.0'), () => dns.promises.reverse('fd63:6865:6c61:1::100'),
      () => dns.promises.resolveMx('shop.example'), () => dns.promises.resolve4('n*o.example'),
      () => dns.promises.resolve4('shop.invalid'), () => dns.promises.reverse('93.184.216.34'),
      () => dns.promises.lookup('localhost', { family: 4 }), () => dns.promises.resolve4('localhost'))`;
    const { value } = await runNetworked(body, { sandbox, ports: [80] });
    expect(value).toEqual([
      ['198.18.1.0'],
      ['fd63:6865:6c61:1::100'],
      ['shop.example'],
      ['shop.example'],
      'ENODATA',
      'ENOTFOUND',
      'ENOTFOUND',
      'ENOTFOUND',
      { address: '127.0.0.1', family: 4 },
      ['127.0.0.1'],
    ]);
  });

  test('can be resolved over TCP too, at any server address', async () => {
    const body = `const question = Buffer.concat([Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        Buffer.from('\\x04shop\\x07example\\x00\\x00\\x01\\x00\\x01', 'latin1')]);
      const framed = Buffer.concat([Buffer.from([0, question.length]), question]);
      return settle(...['198.18.0.1', '8.8.8.8', '2001:4860:4860::8888'].map((server) => async () => {
        const socket = net.connect(53, server); socket.write(framed.subarray(0, 9)); socket.write(Buffer.concat([framed.subarray(9), framed]));
        let all = Buffer.alloc(0); while (all.length < 2 * 48) all = Buffer.concat([all, (await once(socket, 'data'))[0]]);
        return [all.length, [...all.subarray(44, 48)].join('.')] }))`;
    const { value } = await runNetworked(body, { sandbox, ports: [80] });
    expect(value).toEqual(Array.from({ length: 3 }, () => [96, '198.18.1.0']));
  });

  test('that does not exist leads to a reset, and the log says why', async () => {
    const { value, notices } = await runNetworked(`return settle(ask('http://shop.example/'))`, {
      sandbox,
      ports: [80],
    });
    expect(value).toEqual(['ECONNRESET']);
    expect(notices).toEqual(['shop.example could not be resolved: ENOTFOUND']);
  });
});

describe('an address', () => {
  const own = Object.values(os.networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

  test.skipIf(own === undefined)('is reached directly', async () => {
    const { port } = await serveTcp((socket) => socket.end('here'), own);
    const { value } = await runNetworked(
      `return settle(read('${own}', ${port}), read('::ffff:${own}', ${port}))`,
      {
        sandbox,
        ports: [port],
        allowed: [own ?? ''],
      },
    );
    expect(value).toEqual(['here', 'here']);
  });

  test('and a name are requested from the upstream of the region', async () => {
    const port = await serveSite();
    const upstream = await serveSocksUpstream();
    const { value } = await runNetworked(
      `return settle(ask('http://93.184.216.34:${port}/'), ask('http://[2606:2800:220:1::1]:${port}/'), ask('http://shop.example:${port}/'))`,
      {
        sandbox,
        ports: [port],
        region: 'US',
        config: { proxyRegions: new Map([['US', `socks5h://${upstreamLogin}@127.0.0.1:${upstream.port}`]]) },
      },
    );
    expect(value).toEqual([
      `GET 93.184.216.34:${port}`,
      `GET [2606:2800:220:1::1]:${port}`,
      `GET shop.example:${port}`,
    ]);
    expect(upstream.asked.toSorted()).toEqual(
      [
        `26062800022000010000000000000001:${port}`,
        `93.184.216.34:${port}`,
        `shop.example:${port}`,
      ].toSorted(),
    );
  });
});

test('a half-closed connection is counted in both directions to its end', async () => {
  const { port } = await serveEcho();
  const size = 3_000_000;
  const body = `const socket = net.connect({ host: 'echo.example', port: ${port}, allowHalfOpen: true }); socket.end(Buffer.alloc(${size}, 'x'));
    let count = 0; for await (const data of socket) count += data.length; return count`;
  const { value, trafficBytes } = await runNetworked(body, {
    sandbox,
    ports: [port],
    allowed: loopback,
    resolve: here,
  });
  expect([value, trafficBytes]).toEqual([size, 2 * size]);
});

test('64 connections at the same time, and 2,000 one after the other, all succeed', async () => {
  const port = await serveSite();
  const body = `const agent = new http.Agent({ keepAlive: false });
    const get = (n) => new Promise((resolve, reject) => http.get({ host: 'h' + n % 100 + '.example', port: ${port}, agent }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode)) }).on('error', reject));
    const codes = await Promise.all(Array.from({ length: 64 }, (_, n) => get(n)));
    let left = 2000; await Promise.all(Array.from({ length: 8 }, async () => { while (left > 0) { left -= 1; codes.push(await get(left)) } }));
    return [codes.length, codes.every((code) => code === 200)]`;
  const { value, notices } = await runNetworked(body, {
    sandbox,
    ports: [port],
    allowed: loopback,
    resolve: here,
  });
  expect([value, notices]).toEqual([[2064, true], []]);
});

test('connections above the limit are reset, and the log says so', async () => {
  const { port } = await serveEcho();
  const body = `const ends = await Promise.all(Array.from({ length: 12 }, () => new Promise((resolve) => {
      const socket = net.connect(${port}, 'echo.example'); socket.write('x');
      socket.on('data', () => resolve('open')).on('error', (error) => resolve(error.code)) })));
    return [ends.filter((end) => end === 'open').length, ends.filter((end) => end === 'ECONNRESET').length]`;
  const { value, notices } = await runNetworked(body, {
    sandbox,
    ports: [port],
    allowed: loopback,
    resolve: here,
    config: { proxyConnectionLimit: 5 },
  });
  expect(value).toEqual([5, 7]);
  expect(notices).toEqual([
    'the limit of 5 open connections (CHELA_PROXY_CONNECTION_LIMIT) is reached: further connections are refused',
  ]);
});

test('a host that is not on the allow-list is reset at once, logged once, and counted', async () => {
  const port = await serveSite();
  const { value, notices, hosts } = await runNetworked(
    `return settle(ask('http://shop.example:${port}/'), ask('http://other.example:${port}/'), ask('http://other.example:${port}/'),
      ask('http://127.0.0.2:${port}/'), ask('http://93.184.216.34:${port}/'))`,
    { sandbox, ports: [port], allowed: loopback, resolve: here, allowedHosts: ['shop.example'] },
  );
  expect(value).toEqual([
    `GET shop.example:${port}`,
    'ECONNRESET',
    'ECONNRESET',
    'ECONNREFUSED',
    'ECONNRESET',
  ]);
  expect(notices.toSorted()).toEqual(
    ['other.example', '93.184.216.34']
      .map((host) => expect.stringContaining(`${host}:${port} is not on`))
      .toReversed(),
  );
  expect(hosts.map(({ host, outcome }) => `${host} ${outcome}`).toSorted()).toEqual([
    '93.184.216.34 not_allowed',
    'other.example not_allowed',
    'shop.example connected',
  ]);
});

describe('another program', () => {
  const programs: Record<string, { binary: string; argv: (port: number) => string[]; shows: string }> = {
    'Python’s urllib': {
      binary: '/usr/bin/python3',
      argv: (port) => [
        '-c',
        `import urllib.request; print(urllib.request.urlopen("http://shop.example:${port}/").read().decode())`,
      ],
      shows: 'GET shop.example',
    },
    curl: {
      binary: '/usr/bin/curl',
      argv: (port) => ['-sS', `http://shop.example:${port}/`],
      shows: 'GET shop.example',
    },
  };
  test.each(Object.entries(programs).filter(([, { binary }]) => existsSync(binary)))(
    '%s reaches a name',
    async (_, { binary, argv, shows }) => {
      const port = await serveSite();
      const program = ['/opt/host/bin/', binary.split('/').at(-1)].join('');
      const body = `return run(${JSON.stringify(program)}, ...${JSON.stringify(argv(port))})()`;
      const launch = {
        mounts: { '/opt/host': '/usr', '/usr/lib/python3': '/usr/lib/python3' },
        command: (_places: unknown, entry: string) => ['/usr/local/bin/node', entry],
        environment: () => ({ PYTHONHOME: '/opt/host' }),
      };
      const { value, notices } = await runNetworked(
        body,
        { sandbox, ports: [port], allowed: loopback, resolve: here },
        existsSync('/usr/lib/python3') ? { launch } : {},
      );
      expect([value, notices]).toEqual([expect.stringContaining(`${shows}:${port}`), []]);
    },
  );
});
