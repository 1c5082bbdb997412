import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findParts } from '../../src/runner/sandboxes/bubblewrap-parts.ts';
import { foldersIn, makeFolders, startSandbox } from '../../src/runner/sandboxes/bubblewrap-start.ts';
import { eventually } from '../platform/support/eventually.ts';
import { openSockets } from './open-sockets.ts';
import { makeReachableFolder, removeFolder } from './worker-package.ts';

const limits = { processes: 64, openFiles: 256, fileSizeBytes: 1024 * 1024, tmpBytes: 1024 * 1024 };

test('a sandbox whose folders cannot be filled leaves no socket open', async () => {
  const cacheDir = await makeReachableFolder();
  onTestFinished(async () => removeFolder(cacheDir));
  const folder = path.join(cacheDir, 'sandbox');
  await mkdir(folder);
  const folders = foldersIn(folder);
  const shape = { nodeModulesDir: undefined, mounts: {}, ports: [20086, 6000], limits };
  await makeFolders(folders, shape, undefined);
  const parts = await findParts({ cacheDir });
  const before = openSockets();
  const filling = Promise.withResolvers<void>();
  const failure = startSandbox(parts, { shape, folders, owner: undefined, filled: filling.promise }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  await eventually(async () => openSockets() === before + 2 || undefined);
  filling.reject(new Error('no space left'));
  expect(await failure).toBe('no space left');
  await eventually(async () => openSockets() === before || undefined, 10_000);
});
