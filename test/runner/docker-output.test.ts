import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { containerOutput } from '../../src/runner/sandboxes/docker-output.ts';

test('a slowly read stream does not accumulate listeners', async () => {
  const frame = Buffer.alloc(8 + 32 * 1024, 'x');
  frame.writeUInt32BE(0x01_00_00_00, 0);
  frame.writeUInt32BE(frame.length - 8, 4);
  const { stdout } = containerOutput(Readable.from(Array.from({ length: 100 }, () => frame)));
  const listeners: number[] = [];
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    await setImmediate();
    listeners.push(stdout.listenerCount('close'), stdout.listenerCount('error'));
  }
  expect(bytes).toBe(100 * 32 * 1024);
  expect(Math.max(...listeners)).toBeLessThan(10);
});
