/**
 * Preloaded into a platform process with `--import`. SIGUSR2 then blocks its event loop in the way
 * that the environment names, which it reports on standard output.
 */
import { readSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

function blockFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

export type FreezeMode = 'loop' | 'expression' | 'wait' | 'read' | 'busy';

const ways: Record<FreezeMode, () => unknown> = {
  loop: () => {
    for (;;);
  },
  expression: () => /^(?:a|a)*$/.test(`${'a'.repeat(64)}b`),
  wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  /** Blocks outside of JavaScript: descriptor 3 is a pipe that nobody writes to. */
  read: () => readSync(3, Buffer.alloc(1)),
  busy: () => {
    // Longer than the limit of its test, of 3 s.
    let rounds = 5;
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
    ways[process.env['TEST_FREEZE'] as FreezeMode]();
  });
}
