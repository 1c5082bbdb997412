import { afterAll, beforeAll, expect, test } from 'vitest';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { finish, firstUserId, makeReachableFolder, openWorker, removeFolder } from './worker-package.ts';

let cacheDir: string;
let sandbox: BubblewrapSandbox;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
});
afterAll(async () => removeFolder(cacheDir));

const worker = `
  const fs = require('node:fs'), net = require('node:net'), dns = require('node:dns');
  const code = (action) => { try { return action() } catch (error) { return error.code } };
  const outcome = (emitter, event) => new Promise((resolve) => {
    emitter.once('error', (error) => resolve(error.code)); emitter.once(event, () => resolve(event)) });
  const sysctl = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  (async () => {
    const [word] = await new Promise((resolve) => net.connect(80, '127.0.0.1').on('data', (data) => resolve([String(data)])));
    const status = fs.readFileSync('/proc/self/status', 'utf8');
    return {
      word,
      capabilities: [...status.matchAll(/^Cap\\w+:\\s+0*(\\w+)$/gm)].map(([, bits]) => bits),
      lower: code(() => fs.writeFileSync(sysctl, '0')),
      below: await outcome(net.createServer().listen(79, '127.0.0.1'), 'listening'),
      out: await outcome(net.connect(80, '192.0.2.1'), 'connect'),
      interfaces: Object.keys(require('node:os').networkInterfaces()),
    };
  })().then((value) => fs.writeSync(1, JSON.stringify(value)), (error) => fs.writeSync(2, error.stack));`;

test('an unprivileged worker can be given a port below 1024', async () => {
  expect(await sandbox.offersPort()).toBe(true);
  const opened = await openWorker(sandbox, { 'main.js': worker }, { ports: [20086, 80] });
  opened.listener(80).on('connection', (socket) => socket.end('here'));
  const { stdout, stderr } = await finish(opened);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    word: 'here',
    capabilities: ['0', '0', '0', '0', '0'],
    lower: 'EACCES',
    below: 'EACCES',
    out: 'ENETUNREACH',
    interfaces: ['lo'],
  });
});
