import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { exportFormatNames } from '../../src/results/export-formats.ts';

/** Several times the memory of the threads below. */
const rowCount = 100;
const memoryMegabytes = 40;

test.each(exportFormatNames)('%s with many large rows is written in little memory', async (format) => {
  const thread = new Worker(new URL('support/exporting-thread.ts', import.meta.url), {
    workerData: { format, rowCount },
    // A thread that exceeds it ends with an error.
    resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes, maxYoungGenerationSizeMb: 16 },
  });
  const [bytes] = (await once(thread, 'message')) as [number];
  await thread.terminate();
  expect(bytes).toBeGreaterThan(rowCount);
});
