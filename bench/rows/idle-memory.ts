/** The memory of an idle platform. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { treeMemory } from '../support/memory.ts';
import { median } from '../support/statistics.ts';

const mebibyte = 1024 * 1024;
const settleMilliseconds = 10_000;
const samples = 5;
const sampleMilliseconds = 1000;
const targetMegabytes = 400;

export const idleMemory: Bench = {
  name: 'idle-memory',
  async measure(workbench) {
    const { processId } = await workbench.installation();
    await delay(settleMilliseconds);
    const sizes: number[] = [];
    let processes = 0;
    for (let sample = 0; sample < samples; sample += 1) {
      const memory = await treeMemory(processId);
      sizes.push(memory.bytes / mebibyte);
      ({ processes } = memory);
      await delay(sampleMilliseconds);
    }
    const megabytes = median(sizes);
    return [
      {
        benchmark: 'memory of an idle platform',
        measured: `${megabytes.toFixed(0)} MB in ${processes} processes`,
        baseline: '–',
        result: `${megabytes.toFixed(0)} MB`,
        target: `under ${targetMegabytes} MB`,
        isMet: megabytes < targetMegabytes,
        notes: 'API, runner and PostgreSQL together, after the first run (proportional set size).',
      },
    ];
  },
};
