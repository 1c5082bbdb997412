import { once } from 'node:events';
import { mkdir, readdir, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ContainerLink } from '../../src/runner/sandboxes/container-link.ts';
import { makeReachableFolder, removeFolder } from './worker-package.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A link and its connected relay, played by this test. */
async function openLink(): Promise<{ folder: string; link: ContainerLink; relay: net.Socket }> {
  const parent = await makeReachableFolder();
  onTestFinished(async () => removeFolder(parent));
  const folder = path.join(parent, 'sockets');
  const link = await ContainerLink.open(folder, [20086], owner);
  onTestFinished(async () => link.close());
  const relay = net.connect(path.join(folder, 'control'));
  relay.on('error', () => {
    // The runner may disconnect at any time.
  });
  await once(relay, 'connect');
  return { folder, link, relay };
}

test('only the container’s user can connect, and only one relay', async () => {
  const { folder, link, relay } = await openLink();
  expect((await stat(path.join(folder, '20086'))).mode & 0o777).toBe(0o600);
  relay.write('{"listening":true}\n');
  await link.ready();
  const second = net.connect(path.join(folder, 'control'));
  expect(await once(second, 'error')).toMatchObject([{ code: expect.stringMatching(/ENOENT|ECONNREFUSED/) }]);
  const hungUp = once(relay.resume(), 'close');
  await link.close();
  expect(await readdir(folder)).toEqual([]);
  await hungUp;
});

test('the runner’s message arrives; anything the relay sends after its first line is ignored', async () => {
  const { link, relay } = await openLink();
  relay.write('{"listening":true}\n');
  await link.ready();
  relay.write('{{{\n');
  relay.write('x'.repeat(5_000_000));
  link.run({ command: ['a', 'b'], environment: { C: 'd' }, directory: '/' });
  const [said] = (await once(relay, 'data')) as [Buffer];
  expect(JSON.parse(String(said))).toEqual({
    run: { command: ['a', 'b'], environment: { C: 'd' }, directory: '/' },
  });
  relay.destroy();
  await link.broken;
});

test.each([
  ['{"error":"listen EADDRINUSE"}\n', 'listen EADDRINUSE'],
  ['no JSON\n', 'the relay in the container sent an invalid message'],
  ['x'.repeat(100_000), 'the relay in the container sent an invalid message'],
  ['', 'the container exited before it started the worker'],
])('a relay that says %.20j is not ready', async (said, problem) => {
  const { link, relay } = await openLink();
  relay.end(said);
  await expect(link.ready()).rejects.toThrow(problem);
});

test('the folder may be deeper than a socket path may be long', async () => {
  const parent = await makeReachableFolder();
  onTestFinished(async () => removeFolder(parent));
  const deep = path.join(parent, 'a'.repeat(100));
  await mkdir(deep);
  const link = await ContainerLink.open(path.join(deep, 'sockets'), [20086], owner);
  expect(await readdir(path.join(deep, 'sockets'))).toEqual(['20086', 'control']);
  await link.close();
  expect(await readdir(path.join(deep, 'sockets'))).toEqual([]);
});
