/** Attempts to escape through the transparent network: it must not reach anything that the proxy refuses. */
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Resolve } from '../../src/addresses/addresses.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { runNetworked } from '../runner/network/support.ts';
import { serveHttp, serveTcp } from '../runner/proxy/support/servers.ts';
import { firstUserId, makeReachableFolder, removeFolder } from '../runner/worker-package.ts';

let cacheDir: string;
let sandbox: BubblewrapSandbox;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
});
afterAll(async () => removeFolder(cacheDir));

/** A server on the host's loopback that no worker may reach. */
async function serveSecret(): Promise<{ port: number; reached: () => number }> {
  let count = 0;
  const { port } = await serveTcp((socket) => {
    count += 1;
    socket.end('secret');
  });
  return { port, reached: () => count };
}

function leadingTo(...addresses: string[]): Resolve {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

const refusal = ' is not a public address: the operator can allow it with THE_SETTING';

describe('an address that is not public cannot be reached', () => {
  const addresses = [
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::1',
    '::7f00:1',
    '198.18.0.1',
    '198.18.77.77',
    'fd63:6865:6c61:1::4d4d',
  ];

  test('by address', async () => {
    const secret = await serveSecret();
    const body = `return settle(...${JSON.stringify(addresses)}.map((address) => read(address, ${secret.port})))`;
    const { value, notices } = await runNetworked(body, { sandbox, ports: [secret.port] });
    expect(value).toEqual(addresses.map(() => 'ECONNRESET'));
    expect(notices).toHaveLength(addresses.length - 2);
    expect(notices).toContain(`169.254.169.254:${secret.port}${refusal}`);
    expect(notices).toContain(`[64:ff9b::7f00:1]:${secret.port}${refusal}`);
    expect(notices).toContain(
      `[fd63:6865:6c61:1::4d4d]:${secret.port} was refused: no name was resolved to this address`,
    );
    expect(secret.reached()).toBe(0);
  });

  test('as the host’s loopback, because loopback is the sandbox’s own', async () => {
    const secret = await serveSecret();
    const targets = [
      '127.0.0.1',
      '127.1.2.3',
      '0.0.0.0',
      '::1',
      '::',
      '::ffff:127.0.0.1',
      'localhost',
      'ip6-localhost',
    ];
    const body = `return settle(...${JSON.stringify(targets.slice(0, -1))}.map((address) => read(address, ${secret.port})))`;
    const { value } = await runNetworked(body, {
      sandbox,
      ports: [secret.port],
      resolve: leadingTo('127.0.0.1'),
    });
    expect(value).toEqual(targets.slice(0, -1).map(() => 'ECONNREFUSED'));
    expect(secret.reached()).toBe(0);
  });

  test.each([
    ['private', '10.0.0.1'],
    ['loopback', '127.0.0.1'],
    ['IPv6 loopback', '::1'],
    ['metadata', '169.254.169.254'],
    ['IPv4 within IPv6', '::ffff:127.0.0.1'],
    ['the synthetic address of another name', '198.18.1.0'],
  ])('by a name that resolves to it (%s)', async (_, address) => {
    const secret = await serveSecret();
    const { value, notices } = await runNetworked(
      `return settle(ask('http://evil.example:${secret.port}/'))`,
      {
        sandbox,
        ports: [secret.port],
        resolve: leadingTo(address),
      },
    );
    expect(value).toEqual(['ECONNRESET']);
    expect(notices).toEqual([
      `evil.example:${secret.port} has no public address: the operator can allow it with THE_SETTING`,
    ]);
    expect(secret.reached()).toBe(0);
  });

  test('by a name that is an address in another notation', async () => {
    const secret = await serveSecret();
    const names = [
      '127.0.0.1.',
      '2130706433',
      '0x7f000001',
      '127.1',
      '0177.0.0.1',
      'a.localhost',
      'LOCALHOST.',
    ];
    // Queries DNS directly, because libraries handle such names themselves.
    const body = `const { Resolver } = dns.promises; const resolver = new Resolver(); resolver.setServers(['198.18.0.1']);
      const question = (name) => Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        ...name.split('.').filter(Boolean).map((part) => Buffer.from([part.length, ...Buffer.from(part)])), Buffer.from([0, 0, 1, 0, 1])]);
      const lookUp = (name) => new Promise((resolve) => { const socket = dgram.createSocket('udp4'); socket.on('message', (answer) => {
        socket.close(); resolve([...answer.subarray(-4)].join('.')) }); socket.send(question(name), 53, '198.18.0.1') });
      const all = []; for (const name of ${JSON.stringify(names)}) { const address = await lookUp(name);
        all.push(...await settle(read(address, ${secret.port}))) } return all`;
    const { value } = await runNetworked(body, {
      sandbox,
      ports: [secret.port],
      resolve: leadingTo('127.0.0.1'),
    });
    expect(value).toEqual([...names.slice(0, -2).map(() => 'ECONNRESET'), 'ECONNREFUSED', 'ECONNREFUSED']);
    expect(secret.reached()).toBe(0);
  });

  test('by a redirect', async () => {
    const secret = await serveSecret();
    const places = [
      `http://169.254.169.254:${secret.port}/`,
      `http://evil.example:${secret.port}/`,
      `http://127.0.0.1:${secret.port}/`,
    ];
    const site = await serveHttp((request, response) => {
      response.writeHead(302, { location: places[Number(request.url?.slice(1))] }).end();
    });
    const body = `return settle(...[0, 1, 2].map((n) => ask('http://shop.example:${site.port}/' + n)))`;
    const { value } = await runNetworked(body, {
      sandbox,
      ports: [site.port, secret.port],
      allowed: [`127.0.0.1:${site.port}`],
      resolve: leadingTo('127.0.0.1'),
    });
    expect(value).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNREFUSED']);
    expect(secret.reached()).toBe(0);
  });

  test('by a name whose answers change', async () => {
    const secret = await serveSecret();
    const open = await serveTcp((socket) => socket.end('open'));
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      // The first address is allowed, later ones are not.
      return [{ address: asked % 2 === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    };
    const body = `const all = []; for (let n = 0; n < 6; n += 1) all.push(...await settle(read('turning.example', ${open.port}),
      read('turning.example', ${secret.port}))); return all`;
    const { value } = await runNetworked(body, {
      sandbox,
      ports: [open.port, secret.port],
      allowed: [`127.0.0.1:${open.port}`],
      resolve,
    });
    expect(value).toEqual(expect.arrayContaining(['open', 'ECONNRESET']));
    expect((value as string[]).filter((end) => end === 'secret')).toEqual([]);
    expect(secret.reached()).toBe(0);
  });
});

test('ports that are not allowed are refused, and well-known ones are noted in the log', async () => {
  const body = `return settle(read('1.2.3.4', 25), read('mail.example', 25), read('mail.example', 22), read('1.2.3.4', 26), read('2606::1', 60000))`;
  const { value, notices } = await runNetworked(body, { sandbox, ports: [80] });
  expect(value).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET', 'ECONNREFUSED', 'ECONNREFUSED']);
  expect(notices.toSorted()).toEqual([
    '1.2.3.4:25 was refused: workers cannot connect to port 25 (CHELA_WORKER_PORTS lists those they can)',
    'mail.example:22 was refused: workers cannot connect to port 22 (CHELA_WORKER_PORTS lists those they can)',
    'mail.example:25 was refused: workers cannot connect to port 25 (CHELA_WORKER_PORTS lists those they can)',
  ]);
});

test('a worker cannot forge its source address or change the network', async () => {
  const body = `const settled = await settle(
      read('93.184.216.34', 80, { localAddress: '8.8.8.8' }), read('93.184.216.34', 80, { localAddress: '198.18.0.1' }),
      read('2606::1', 80, { localAddress: 'fd63:6865:6c61::1' }));
    const files = ['ipv4/ip_forward', 'ipv4/conf/near/rp_filter', 'ipv4/conf/all/route_localnet', 'ipv4/ip_nonlocal_bind',
      'ipv4/ip_unprivileged_port_start', 'ipv6/conf/all/forwarding'].map((name) => { try {
        fs.writeFileSync('/proc/sys/net/' + name, '1'); return name } catch (error) { return error.code } });
    return [settled, files]`;
  const { value } = await runNetworked(body, { sandbox, ports: [80] });
  expect(value).toEqual([
    Array.from({ length: 3 }, () => 'EADDRNOTAVAIL'),
    Array.from({ length: 6 }, () => 'EACCES'),
  ]);
});

test.skipIf(!existsSync('/usr/bin/ip'))('programs that configure networks are refused', async () => {
  const launch = {
    mounts: { '/opt/host': '/usr' },
    command: (_places: unknown, entry: string) => ['/usr/local/bin/node', entry],
    environment: () => ({ LD_LIBRARY_PATH: '/opt/host/lib/x86_64-linux-gnu:/opt/host/lib' }),
  };
  const attempts = [
    'ip route add 10.0.0.0/8 dev lo',
    'ip route del default',
    'ip addr add 10.0.0.1/8 dev near',
    'ip link set near down',
    'ip link del near',
    'ip link add other type veth peer name another',
    'ip neigh add 198.18.0.1 lladdr 02:00:00:00:00:01 dev near',
    'ip rule add from all lookup local pref 1',
  ];
  const body = `return settle(...${JSON.stringify(attempts)}.map((line) => { const [program, ...argv] = line.split(' ');
    return run('/opt/host/bin/' + program, ...argv) }))`;
  const { value } = await runNetworked(body, { sandbox, ports: [80] }, { launch });
  expect((value as string[]).filter((said) => !said.includes('Operation not permitted'))).toEqual([]);
});

test('floods of DNS queries end, and connections to resolved names continue', async () => {
  const { port } = await serveTcp((socket) => socket.end('served'));
  const body = `await dns.promises.resolve4('kept.example');
    const child = require('node:child_process').fork('./flood.js'); await once(child, 'message');
    const meanwhile = []; for (let n = 0; n < 5; n += 1) meanwhile.push(...await settle(read('198.18.1.0', ${port})));
    await once(child, 'exit'); return meanwhile`;
  const flood = `const dgram = require('node:dgram'); const socket = dgram.createSocket('udp4'); let count = 0, isOver = false;
    socket.on('error', () => { isOver = true });
    socket.connect(53, '198.18.0.1', () => { process.send('begun'); const more = () => {
      for (let n = 0; n < 64; n += 1, count += 1) { const part = String(count).padStart(60, 'x');
        socket.send(Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 60]), Buffer.from(part), Buffer.from('\\x00\\x00\\x01\\x00\\x01', 'latin1')]), () => {}) }
      if (isOver || count > 2e6) process.exit(); setImmediate(more) }; more() })`;
  const before = process.memoryUsage().rss;
  const { value, notices } = await runNetworked(
    body,
    { sandbox, ports: [port], allowed: ['127.0.0.1'], resolve: leadingTo('127.0.0.1') },
    { files: { 'flood.js': flood } },
  );
  expect(value).toEqual(Array.from({ length: 5 }, () => 'served'));
  expect(notices).toContain('too many DNS queries: no more are answered');
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
});

test('garbage sent to the DNS ports is not answered and does no harm', async () => {
  const body = `const crypto = require('node:crypto');
    const noise = [crypto.randomBytes(12), crypto.randomBytes(500), Buffer.alloc(0), Buffer.alloc(4000, 0xff),
      Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0x0c, 0, 1, 0, 1]), Buffer.from([0, 1, 1, 0, 255, 255, 0, 0, 0, 0, 0, 0])];
    const socket = dgram.createSocket('udp4'); for (const bytes of noise) for (let n = 0; n < 200; n += 1) socket.send(bytes, 53, '198.18.0.1');
    await settle(...Array.from({ length: 20 }, () => () => new Promise((resolve) => { const stream = net.connect(53, '198.18.0.1');
      stream.on('error', resolve).on('close', resolve).resume(); stream.end(crypto.randomBytes(70000)) })));
    socket.close(); return dns.promises.resolve4('still.example')`;
  const { value } = await runNetworked(body, { sandbox, ports: [80] });
  expect(value).toEqual([expect.stringMatching(/^198\.18\./)]);
});

test('connections to the name server cannot use up the runner’s open files', async () => {
  const body = `const question = Buffer.from([0, 19, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1]);
    const open = () => new Promise((resolve) => { const stream = net.connect(53, '198.18.0.1');
      stream.once('data', () => resolve(stream)).on('error', () => resolve()).on('close', () => resolve()); stream.write(question) });
    const count = async (number) => (await Promise.all(Array.from({ length: number }, open))).filter(Boolean);
    const kept = await count(300); await Promise.all(kept.map((stream) => once(stream.destroy(), 'close')));
    let again = []; while (again.length === 0) again = await count(1);
    return [kept.length, again.length]`;
  const { value, notices } = await runNetworked(body, { sandbox, ports: [80] });
  expect(value).toEqual([64, 1]);
  expect(notices).toEqual(['more than 64 connections to the name server: further ones are closed']);
});

test('a network is removed completely with its sandbox', async () => {
  const body = `return settle(ask('http://shop.example/'))`;
  await runNetworked(body, { sandbox, ports: [80] });
  const before = readdirSync('/proc/self/fd').length;
  await runNetworked(body, { sandbox, ports: [80] });
  // The sandboxes of this test are closed when it ends; each has the same sockets.
  expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 40);
});
