/** Workers in sandboxes of the kind `process` listen on the host's own ports, so test files that run some take turns. */
import { afterAll, beforeAll } from 'vitest';
import { longestWaitMilliseconds, takeTurn } from './turns.ts';

/** Makes the test file wait for its turn, and keep it to its end. Linux only: elsewhere files run one after another. */
export function takeTurnsAtHostPorts(): void {
  let giveBack: (() => void) | undefined;
  beforeAll(async () => {
    giveBack = await takeTurn('host-ports');
  }, longestWaitMilliseconds);
  afterAll(() => giveBack?.());
}
