/** Workers in sandboxes of the kind `process` listen on the host's own ports, so test files that run some take turns. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';

/** A name that one process of the host holds at a time, and that is free again however it ends. */
const turn = { path: '\0chela-test-host-ports' };
const longestWaitMilliseconds = 600_000;

/** Makes the test file wait for its turn, and keep it to its end. Linux only: elsewhere files run one after another. */
export function takeTurnsAtHostPorts(): void {
  const holder = createServer();
  beforeAll(async () => {
    if (process.platform !== 'linux') return;
    await eventually(async () => {
      holder.listen(turn);
      await once(holder, 'listening');
      return true;
    }, longestWaitMilliseconds);
  }, longestWaitMilliseconds);
  afterAll(() => {
    holder.close();
  });
}
