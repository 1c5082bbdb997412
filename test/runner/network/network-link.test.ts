/** Setting up the network of a sandbox. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { findParts } from '../../../src/runner/sandboxes/bubblewrap-parts.ts';
import { closeNetwork, NetworkLink, type NetworkTools } from '../../../src/runner/sandboxes/network-link.ts';
import { eventually } from '../../platform/support/eventually.ts';
import { descendantsOf, untilAllEnded } from '../../platform/support/processes.ts';
import { openSockets } from '../open-sockets.ts';
import { makeReachableFolder, removeFolder } from '../worker-package.ts';

interface Setup {
  readonly folder: string;
  readonly bubblewrap: string;
  readonly tools: NetworkTools;
}

/** @param nsenter shell script that replaces nsenter, which it can call as `"$nsenter"` */
async function prepare(nsenter: (folder: string) => string): Promise<Setup> {
  const folder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(folder));
  const { bubblewrap, networkTools } = await findParts({ cacheDir: folder });
  const tools = networkTools();
  const replaced = path.join(folder, 'nsenter');
  writeFileSync(replaced, `#!/bin/sh\nnsenter=${tools.nsenter}\n${nsenter(folder)}\n`);
  chmodSync(replaced, 0o755);
  return { folder, bubblewrap, tools: { ...tools, nsenter: replaced } };
}

test('the near end can take longer than the far end', async () => {
  // The starter at the far end needs a fraction of this time to hand over its sockets.
  const { bubblewrap, tools } = await prepare(() => 'sleep 2\nexec "$nsenter" "$@"');
  const link = await NetworkLink.open(bubblewrap, tools, [80], undefined, undefined);
  const network = await link.network;
  link.leave();
  expect([...network.listeners.keys()]).toEqual([80]);
  await closeNetwork(network);
});

test('a near end that fails reports why, and leaves no process or socket behind', async () => {
  const { bubblewrap, tools } = await prepare(() => 'sleep 1\necho "no such link" >&2\nexit 1');
  const before = openSockets();
  const failure = NetworkLink.open(bubblewrap, tools, [80, 443], undefined, undefined).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const started = await eventually(async () => {
    const all = descendantsOf(process.pid).filter(({ command }) => command.includes(tools.starter));
    return all.some(({ command }) => command.startsWith(tools.node)) ? all : undefined;
  });
  expect(await failure).toBe('no such link');
  await untilAllEnded(started, 10_000);
  await eventually(async () => openSockets() === before || undefined, 10_000);
});

test('a far end that fails reports why', async () => {
  const { bubblewrap, tools } = await prepare(() => 'sleep 1\nexec "$nsenter" "$@"');
  const link = await NetworkLink.open(bubblewrap, tools, [80, 80], undefined, undefined);
  await expect(link.network).rejects.toThrow('EADDRINUSE');
  await link.discard();
});

const runner = `
  const [modulePath, bubblewrap, tools] = process.argv.slice(1);
  const { NetworkLink } = await import(modulePath);
  const link = await NetworkLink.open(bubblewrap, JSON.parse(tools), [80], undefined, undefined);
  await link.network;
  process.send('opened');
`;
const modulePath = fileURLToPath(import.meta.resolve('../../../src/runner/sandboxes/network-link.ts'));

test.each([
  ['while the near end is being set up', 'started'],
  ['with a network', 'opened'],
])('nothing of a runner that is killed %s is left behind', async (_, until) => {
  const { folder, bubblewrap, tools } = await prepare(
    (place) => `touch ${place}/started; until [ -e ${place}/go ]; do sleep 0.1; done; exec "$nsenter" "$@"`,
  );
  const go = (): void => writeFileSync(path.join(folder, 'go'), '');
  if (until === 'opened') go();
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', runner, modulePath, bubblewrap, JSON.stringify(tools)],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  if (until === 'opened') await once(child, 'message');
  else await eventually(async () => existsSync(path.join(folder, 'started')) || undefined);
  const started = descendantsOf(child.pid ?? 0);
  expect(started).not.toEqual([]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  go();
  await untilAllEnded(started, 10_000);
});
