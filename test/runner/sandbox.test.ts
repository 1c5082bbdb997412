import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { ProcessSandbox } from '../../src/runner/sandboxes/process.ts';
import { describeSandbox } from './sandbox-conformance.ts';
import { finish, firstUserId, makeReachableFolder, openWorker, removeFolder } from './worker-package.ts';

let cacheDir: string;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
});
afterAll(async () => removeFolder(cacheDir));

describeSandbox('bubblewrap', () => new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId }), {
  fences: true,
  concurrency: 3,
});
// The kind docker is in docker.test.ts, with its engine.
describeSandbox('process', () => new ProcessSandbox(), { fences: false, concurrency: 1 });

describe('sandbox kind process', () => {
  test('has a second worker wait until the first is closed', async () => {
    const sandbox = new ProcessSandbox();
    const first = await openWorker(sandbox, { 'main.js': '' });
    const order: string[] = [];
    const second = openWorker(new ProcessSandbox(), { 'main.js': '' }).then(() =>
      order.push('second opened'),
    );
    await finish(first);
    order.push('first ended');
    await first.close();
    await second;
    expect(order).toEqual(['first ended', 'second opened']);
  });

  test('says what to do when something else holds the port', async () => {
    const held = await openWorker(new ProcessSandbox(), { 'main.js': '' });
    const squatter = net.createServer();
    onTestFinished(() => {
      squatter.close();
    });
    await held.close();
    await once(squatter.listen(20086, '127.0.0.1'), 'listening');
    await expect(openWorker(new ProcessSandbox(), { 'main.js': '' })).rejects.toThrow(
      /port 20086.*CHELA_SANDBOX/,
    );
  });
});
