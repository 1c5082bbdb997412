/** Opening the namespaces of sandboxes, and what is left when that, or the runner, ends early. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { bubblewrapCommand, findParts } from '../../../src/runner/sandboxes/bubblewrap-parts.ts';
import { NamespaceOpener, type NamespaceTools } from '../../../src/runner/sandboxes/namespace-opener.ts';
import type { NamespaceRequest, OpenedNamespaces } from '../../../src/runner/sandboxes/opened-namespaces.ts';
import { eventually } from '../../platform/support/eventually.ts';
import { descendantsOf, untilAllEnded } from '../../platform/support/processes.ts';
import { openSockets } from '../open-sockets.ts';
import { firstUserId, makeReachableFolder, removeFolder } from '../worker-package.ts';

const owner = process.getuid?.() === 0 ? { uid: firstUserId, gid: firstUserId } : undefined;
const loopbackOnly: NamespaceRequest = { owner, ports: [20086], networkPorts: undefined, tmp: undefined };
const networked: NamespaceRequest = { ...loopbackOnly, networkPorts: [80, 443] };

let folder: string;
let bubblewrap: string;
let tools: NamespaceTools;
beforeAll(async () => {
  folder = await makeReachableFolder();
  const parts = await findParts({ cacheDir: folder });
  tools = parts.namespaceTools();
  bubblewrap = parts.bubblewrap;
});
afterAll(async () => removeFolder(folder));

function makeOpener(idleMilliseconds?: number): NamespaceOpener {
  const opener = new NamespaceOpener(idleMilliseconds);
  onTestFinished(async () => opener.close());
  return opener;
}

/** A shell script in place of Python, which it can call as `"$python"`. */
function insteadOfPython(name: string, script: string): NamespaceTools {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\npython=${tools.python.at(-1)}\n${script}\n`);
  chmodSync(file, 0o755);
  return { ...tools, python: [file] };
}

/** The output of a command in the namespaces. */
async function inside({ enter }: OpenedNamespaces, ...argv: string[]): Promise<string> {
  const [program = '', ...command] = [...enter, ...argv];
  const { stdout } = await promisify(execFile)(program, command, { ...owner, encoding: 'utf8' });
  return stdout;
}

/** Sends one connection and one DNS query, and prints what answers. */
const asking = `const net = require('node:net'), dgram = require('node:dgram'), { once } = require('node:events');
  (async () => {
    const [word] = await once(net.connect(80, '93.184.216.34'), 'data');
    const socket = dgram.createSocket('udp4'); socket.send('query', 53, '198.18.0.1');
    const [answer] = await once(socket, 'message');
    console.log(String(word), String(answer)); process.exit();
  })()`;

function answerWith(word: string, { network }: OpenedNamespaces): void {
  network?.listeners.get(80)?.on('connection', (socket) => socket.end(word));
  network?.names.on('message', (_, { port, address }) => network.names.send(word, port, address));
}

test.each([
  ['by itself', () => tools],
  [
    'as a child of bubblewrap',
    () => ({ ...tools, python: [...bubblewrapCommand(bubblewrap), ...tools.python] }),
  ],
])('one process opens namespaces for several sandboxes, %s', async (_, command) => {
  const opener = makeOpener();
  const before = descendantsOf(process.pid).length;
  const all = await Promise.all([0, 1, 2].map(async () => opener.open(command(), networked)));
  onTestFinished(async () => void (await Promise.all(all.map(async (one) => one.discard()))));
  for (const [index, one] of all.entries()) answerWith(`sandbox ${index}`, one);
  const answers = await Promise.all(all.map(async (one) => inside(one, process.execPath, '-e', asking)));
  expect(answers).toEqual([0, 1, 2].map((index) => `sandbox ${index} sandbox ${index}\n`));
  const kept = descendantsOf(process.pid);
  for (const one of all) one.leave();
  const isAlone = (): boolean => descendantsOf(process.pid).length <= before + command().python.length;
  await eventually(async () => isAlone() || undefined);
  await opener.close();
  await untilAllEnded(kept, 10_000);
});

test('while its process still runs, every connection and query arrives at the runner', async () => {
  const one = await makeOpener().open(tools, networked);
  onTestFinished(async () => one.discard());
  answerWith('runner', one);
  const many = asking
    .replace('(async () => {', '(async () => { for (let n = 0; n < 50; n += 1) {')
    .replace('process.exit();', 'socket.close() } process.exit();');
  const answers = (await inside(one, process.execPath, '-e', many)).trim().split('\n');
  expect(answers).toEqual(Array.from({ length: 50 }, () => 'runner runner'));
});

test('a /tmp is in memory, of the requested size, and shared by whoever enters its namespaces', async () => {
  const tmp = path.join(folder, 'ünïcode tmp');
  mkdirSync(tmp);
  if (owner !== undefined) chownSync(tmp, owner.uid, owner.gid);
  const request = { ...loopbackOnly, tmp: { folder: tmp, sizeBytes: 1024 * 1024 } };
  const one = await makeOpener().open(tools, request);
  onTestFinished(async () => one.discard());
  await inside(one, 'touch', path.join(tmp, 'shared'));
  one.leave();
  const [program, ...command] = [...(one.tmp?.enter ?? []), 'stat', '-f', '-c', '%T %b', tmp];
  const stdio = ['ignore', 'pipe', 'inherit', 'ignore', 'ignore', 'ignore', 'ignore'] as const;
  const child = spawn(program, [...command], {
    stdio: [...stdio, ...(one.tmp?.descriptors ?? [])],
    ...owner,
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  expect(said).toBe('tmpfs 256\n');
  expect(existsSync(path.join(tmp, 'shared'))).toBe(false);
});

describe('a request that fails', () => {
  test.each([
    ['because a folder is missing', { tmp: { folder: '/absent', sizeBytes: 1 } }, 'mount /tmp: No such file'],
    ['after sockets were sent', { ports: [20086, 70_000] }, 'port must be 0-65535'],
    ['because a port is listed twice', { networkPorts: [80, 443, 80] }, 'port 80: Address already in use'],
  ])('%s, reports why, leaves nothing open, and does not affect others', async (_, part, message) => {
    const opener = makeOpener();
    const other = await opener.open(tools, networked);
    onTestFinished(async () => other.discard());
    const before = openSockets();
    const processes = descendantsOf(process.pid).length;
    await expect(opener.open(tools, { ...networked, ...part })).rejects.toThrow(message);
    await eventually(async () => openSockets() === before || undefined);
    await eventually(async () => descendantsOf(process.pid).length === processes || undefined);
    answerWith('still here', other);
    expect(await inside(other, process.execPath, '-e', asking)).toBe('still here still here\n');
  });

  test.each([
    ['that is not there', () => ({ ...tools, python: ['/absent/python3'] }), 'ENOENT'],
    [
      'that ends early',
      () => insteadOfPython('broken', 'echo "no module ctypes" >&2; exit 1'),
      'no module ctypes',
    ],
  ])('with a Python %s, is one error', async (_, broken, message) => {
    await expect(makeOpener().open(broken(), networked)).rejects.toThrow(message);
  });
});

test('a process that was killed is replaced, and what it opened remains', async () => {
  const opener = makeOpener();
  const first = await opener.open(tools, networked);
  onTestFinished(async () => first.discard());
  const started = descendantsOf(process.pid).find(({ command }) => command.includes('namespace_opener'));
  // Like a sandbox, a process of the namespaces keeps them.
  const [program, ...command] = [
    ...first.enter,
    'sh',
    '-c',
    `read go; exec "$@"`,
    'sh',
    process.execPath,
    '-e',
    asking,
  ];
  const sandbox = spawn(program, command, { stdio: ['pipe', 'pipe', 'inherit'], ...owner });
  let said = '';
  sandbox.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const isInside = (): boolean => readFileSync(`/proc/${sandbox.pid}/comm`, 'utf8') === 'sh\n';
  await eventually(async () => isInside() || undefined);
  process.kill(started?.pid ?? 0, 'SIGKILL');
  await untilAllEnded(started === undefined ? [] : [started], 10_000);
  answerWith('first', first);
  sandbox.stdin?.end('\n');
  await once(sandbox, 'close');
  expect(said).toBe('first first\n');
  const second = await opener.open(tools, networked);
  onTestFinished(async () => second.discard());
  answerWith('second', second);
  expect(await inside(second, process.execPath, '-e', asking)).toBe('second second\n');
});

test('a process without requests ends after a while, and the next request starts another', async () => {
  const opener = makeOpener(0);
  for (const _ of [1, 2]) {
    const one = await opener.open(tools, loopbackOnly);
    const started = descendantsOf(process.pid).filter(({ command }) => command.includes('namespace_opener'));
    expect(started).not.toEqual([]);
    await one.discard();
    await untilAllEnded(started, 10_000);
  }
});

const runner = `
  const [modulePath, tools, request] = process.argv.slice(1);
  const { NamespaceOpener } = await import(modulePath);
  globalThis.opened = await new NamespaceOpener().open(JSON.parse(tools), JSON.parse(request));
  process.send('opened');
`;
const modulePath = fileURLToPath(import.meta.resolve('../../../src/runner/sandboxes/namespace-opener.ts'));

test.each([
  ['while the namespaces are opened', 'started'],
  ['with open namespaces', 'opened'],
])('nothing of a runner that is killed %s is left behind', async (_, until) => {
  const go = path.join(folder, `go-${until}`);
  const slow = insteadOfPython(
    `slow-${until}`,
    `touch ${go}.started; until [ -e ${go} ]; do sleep 0.1; done; exec "$python" "$@"`,
  );
  if (until === 'opened') writeFileSync(go, '');
  const argv = [
    '--input-type=module',
    '--eval',
    runner,
    modulePath,
    JSON.stringify(slow),
    JSON.stringify(networked),
  ];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  if (until === 'opened') await once(child, 'message');
  else await eventually(async () => existsSync(`${go}.started`) || undefined);
  const started = descendantsOf(child.pid ?? 0);
  expect(started).not.toEqual([]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  writeFileSync(go, '');
  await untilAllEnded(started, 10_000);
});
