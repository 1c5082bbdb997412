import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { ProcessSandbox } from '../../src/runner/sandboxes/process.ts';
import { starterFile } from '../../src/runner/sandboxes/runtime-folder.ts';
import { eventually } from '../platform/support/eventually.ts';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import { describeSandbox } from './sandbox-conformance.ts';
import {
  PreopenedSandbox,
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
} from './worker-package.ts';

takeTurnsAtHostPorts();
let cacheDir: string;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
});
afterAll(async () => removeFolder(cacheDir));

describeSandbox('bubblewrap', () => new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId }), {
  fences: true,
  connects: true,
  concurrency: 3,
});
describeSandbox('bubblewrap, opened in advance', () => new PreopenedSandbox(cacheDir), {
  fences: true,
  connects: true,
  concurrency: 3,
});
// The kind docker is in docker.test.ts, with its engine.
describeSandbox('process', () => new ProcessSandbox({ cacheDir }), {
  fences: false,
  connects: true,
  concurrency: 1,
});

describe('sandbox kind process', () => {
  test('lets a second worker wait until the first is closed', async () => {
    const sandbox = new ProcessSandbox({ cacheDir });
    const first = await openWorker(sandbox, { 'main.js': '' });
    const order: string[] = [];
    const second = openWorker(new ProcessSandbox({ cacheDir }), { 'main.js': '' }).then(() =>
      order.push('second opened'),
    );
    await finish(first);
    order.push('first ended');
    await first.close();
    await second;
    expect(order).toEqual(['first ended', 'second opened']);
  });

  test('says what to do when the port is in use', async () => {
    const held = await openWorker(new ProcessSandbox({ cacheDir }), { 'main.js': '' });
    const squatter = net.createServer();
    onTestFinished(() => {
      squatter.close();
    });
    await held.close();
    await once(squatter.listen(20086, '127.0.0.1'), 'listening');
    await expect(openWorker(new ProcessSandbox({ cacheDir }), { 'main.js': '' })).rejects.toThrow(
      /port 20086.*CHELA_SANDBOX/,
    );
  });
});

test.runIf(process.platform === 'linux')(
  'a starter exits if its runner dies before it has its listeners',
  async () => {
    // The runner no longer accepts handles: it stops as soon as the starter exists. env(1) as in the sandboxes.
    const command = ['-u', 'NODE_CHANNEL_FD', '-u', 'NODE_CHANNEL_SERIALIZATION_MODE'];
    command.push(process.execPath, starterFile, '3', '0,0');
    const runner = `const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
    const child = require('child_process').spawn('/usr/bin/env', ${JSON.stringify(command)}, { stdio });
    require('fs').writeSync(1, String(child.pid)); process.kill(process.pid, 'SIGSTOP')`;
    const child = spawn(process.execPath, ['-e', runner], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    const starter = Number(printed);
    const sockets = async (): Promise<number> => {
      const names = await readdir(`/proc/${starter}/fd`);
      const targets = await Promise.all(
        names.map((name) => readlink(`/proc/${starter}/fd/${name}`).catch(() => '')),
      );
      return targets.filter((target) => target.startsWith('socket:')).length;
    };
    await eventually(async () => ((await sockets()) === 3 ? true : undefined));
    child.kill('SIGKILL');
    await eventually(async () => (existsSync(`/proc/${starter}/exe`) ? undefined : true), 10_000);
    expect(existsSync(`/proc/${starter}/exe`)).toBe(false);
  },
);
