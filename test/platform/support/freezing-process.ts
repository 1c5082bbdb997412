/**
 * Loaded into a process of the platform ahead of it, by `--import`. SIGUSR2 then keeps its event loop from going on, in the way
 * that the environment names, and says so on standard output.
 */
import { readSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

function blockFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

export type WayToFreeze = 'loop' | 'expression' | 'wait' | 'read' | 'busy';

const ways: Record<WayToFreeze, () => unknown> = {
  loop: () => {
    for (;;);
  },
  expression: () => /^(?:a|a)*$/.test(`${'a'.repeat(64)}b`),
  wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  /** Outside of JavaScript: descriptor 3 is a pipe that nobody writes to. */
  read: () => readSync(3, Buffer.alloc(1)),
  busy: () => {
    let rounds = 8;
    const timer = setInterval(() => {
      blockFor(900);
      rounds -= 1;
      if (rounds > 0) return;
      clearInterval(timer);
      writeSync(1, 'not busy any more\n');
    }, 1);
  },
};

if (isMainThread) {
  process.on('SIGUSR2', () => {
    writeSync(1, 'frozen\n');
    ways[process.env['TEST_FREEZE'] as WayToFreeze]();
  });
}
