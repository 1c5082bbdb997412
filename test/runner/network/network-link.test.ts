/** Setting up the network of a sandbox. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findParts } from '../../../src/runner/sandboxes/bubblewrap-parts.ts';
import { closeNetwork, NetworkLink } from '../../../src/runner/sandboxes/network-link.ts';
import { makeReachableFolder, removeFolder } from '../worker-package.ts';

test('the near end can take longer than the far end', async () => {
  const cacheDir = await makeReachableFolder();
  onTestFinished(async () => removeFolder(cacheDir));
  const { bubblewrap, networkTools } = await findParts({ cacheDir });
  const tools = networkTools();
  // The starter at the far end needs a fraction of this time to hand over its sockets.
  const slowNsenter = path.join(cacheDir, 'slow-nsenter');
  writeFileSync(slowNsenter, `#!/bin/sh\nsleep 2\nexec ${tools.nsenter} "$@"\n`);
  chmodSync(slowNsenter, 0o755);
  const link = await NetworkLink.open(
    bubblewrap,
    { ...tools, nsenter: slowNsenter },
    [80],
    undefined,
    undefined,
  );
  const network = await link.network;
  link.leave();
  expect([...network.listeners.keys()]).toEqual([80]);
  await closeNetwork(network);
});
