/** The network of a bubblewrap sandbox: where a worker's connections arrive, and what the worker cannot do. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BubblewrapSandbox } from '../../../src/runner/sandboxes/bubblewrap.ts';
import {
  PreopenedSandbox,
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
} from '../worker-package.ts';

const networkPorts = [80, 8080];

let cacheDir: string;
let sandbox: BubblewrapSandbox;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
});
afterAll(async () => removeFolder(cacheDir));

const prelude = `const net = require('node:net'), dgram = require('node:dgram'), fs = require('node:fs');
  const { once } = require('node:events'), { execFileSync } = require('node:child_process');
  const code = (action) => { try { return action() } catch (error) { return error.code } };
  const outcome = (emitter, event) => new Promise((resolve) => {
    emitter.once('error', (error) => resolve(error.code)); emitter.once(event, () => resolve(event)) });
  const told = (port, host) => new Promise((resolve) => { let all = ''; net.connect(port, host)
    .on('data', (data) => { all += data }).on('error', (error) => resolve(error.code)).on('end', () => resolve(all)) });`;

/** Runs the body of an async function in a sandbox whose far end answers each connection with its target address. */
async function inside(body: string, kind: Pick<PreopenedSandbox, 'open'> = sandbox): Promise<unknown> {
  const main = `${prelude} (async () => { ${body} })().catch((error) => error.stack)
    .then((value) => { fs.writeSync(1, JSON.stringify(value ?? null)); process.exit() })`;
  const worker = await openWorker(kind as BubblewrapSandbox, { 'main.js': main }, { networkPorts });
  for (const listener of worker.network?.listeners.values() ?? []) {
    listener.on('connection', (socket: Socket) => socket.end(`${socket.localAddress} ${socket.localPort}`));
  }
  const { stdout, stderr } = await finish(worker);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

test('is supported by the system', async () => {
  expect(await sandbox.networkProblem()).toBeUndefined();
});

describe('a connection to another host', () => {
  const targets = [
    ['93.184.216.34', 80, '::ffff:93.184.216.34 80'],
    ['10.1.2.3', 8080, '::ffff:10.1.2.3 8080'],
    ['169.254.169.254', 80, '::ffff:169.254.169.254 80'],
    ['2606:4700::1111', 80, '2606:4700::1111 80'],
    ['::ffff:93.184.216.34', 80, '::ffff:93.184.216.34 80'],
    ['64:ff9b::7f00:1', 80, '64:ff9b::7f00:1 80'],
    ['fe80::1%near', 80, 'ENETUNREACH'],
    ['93.184.216.34', 81, 'ECONNREFUSED'],
    ['2606:4700::1111', 81, 'ECONNREFUSED'],
  ] as const;

  test('arrives with its original address, or is refused immediately', async () => {
    const body = `const all = []; for (const [host, port] of ${JSON.stringify(targets)}) all.push(await told(port, host)); return all`;
    expect(await inside(body)).toEqual(targets.map(([, , expected]) => expected));
  });

  test('arrives from a sandbox that was opened ahead', async () => {
    expect(await inside(`return told(80, '1.2.3.4')`, new PreopenedSandbox(cacheDir))).toBe(
      '::ffff:1.2.3.4 80',
    );
  });

  test('by UDP fails immediately, each time', async () => {
    const body = `const all = []; for (const host of ['8.8.8.8', '2606:4700::1111']) for (let n = 0; n < 20; n += 1) {
        const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4'); socket.connect(443, host); await once(socket, 'connect');
        const ended = outcome(socket, 'message'); socket.send('x'); all.push(await ended); socket.close(); }
      return all`;
    expect(new Set((await inside(body)) as string[])).toEqual(new Set(['ECONNREFUSED']));
  });
});

describe('loopback', () => {
  test('belongs to the worker with every port, even those that are relayed to other hosts', async () => {
    const body = `const all = [];
      for (const [port, host] of [[80], [8080, '127.0.0.1'], [8080, '::1'], [443, '0.0.0.0'], [53], [25, '127.0.0.1']]) {
        const server = net.createServer((socket) => socket.end('own')).listen(port, host);
        all.push(await outcome(server, 'listening'), await told(port, host === '::1' ? '::1' : '127.0.0.1'));
        if (port === 80) all.push(await told(80, '93.184.216.34'), await told(80, '127.1.2.3'));
        server.close();
      }
      return all`;
    expect(await inside(body)).toEqual([
      'listening',
      'own',
      '::ffff:93.184.216.34 80',
      'own',
      ...Array.from({ length: 5 }, () => ['listening', 'own']).flat(),
    ]);
  });

  test('refuses connections to ports without a listener', async () => {
    expect(
      await inside(`return [await told(80, '127.0.0.1'), await told(80, '::1'), await told(80, '0.0.0.0')]`),
    ).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  });
});

test('the setup process and its privileges are gone before the worker starts', async () => {
  const body = `const status = fs.readFileSync('/proc/self/status', 'utf8');
    return [status.match(/^Cap\\w+:\\s*(\\w+)$/gm).map((line) => line.split(/\\s+/)[1]),
      fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length]`;
  const none = '0000000000000000';
  expect(await inside(body)).toEqual([[none, none, none, none, none], 2]);
});

test('the far end ends with the sandbox', async () => {
  const worker = await openWorker(sandbox, { 'main.js': 'setInterval(() => {}, 1000)' }, { networkPorts });
  worker.run();
  const { listeners, names } = worker.network ?? {};
  await Promise.all([worker.close(), once(names ?? worker.stdout, 'close')]);
  expect([...(listeners?.values() ?? [])].map(({ listening }) => listening)).toEqual([false, false]);
});
