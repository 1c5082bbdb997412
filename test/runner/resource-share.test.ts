/** Workers see the memory and processors of their run, in every way that programs look them up. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResourceShare, Sandbox } from '../../src/runner/sandbox.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { ProcessSandbox } from '../../src/runner/sandboxes/process.ts';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import {
  PreopenedSandbox,
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
} from './worker-package.ts';

takeTurnsAtHostPorts();
const mebibyte = 1024 * 1024;
/** libuv reads the limit of processors only from cgroups of version 2. */
const readsProcessors = readFileSync('/proc/self/cgroup', 'latin1').startsWith('0::');
const python = '/usr/bin/python3';
let cacheDir: string;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
});
afterAll(async () => removeFolder(cacheDir));

const kinds: Record<string, () => Sandbox> = {
  bubblewrap: () => new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId }),
  'bubblewrap, opened in advance': () => new PreopenedSandbox(cacheDir),
  process: () => new ProcessSandbox({ cacheDir }),
};

/** What a worker with this share sees in its own process, a child process and a thread. */
async function told(sandbox: Sandbox, share: ResourceShare): Promise<Record<string, unknown>> {
  const heap = `require('v8').getHeapStatistics().heap_size_limit / ${mebibyte}`;
  const script = 'import json, os; print(os.cpu_count())';
  const files = {
    'main.js': `const os = require('os'), { fork, execFileSync } = require('child_process'), { Worker } = require('worker_threads');
      const answer = (emitter) => new Promise((resolve) => emitter.once('message', resolve));
      (async () => console.log(JSON.stringify({
        heaps: [${heap}, await answer(fork('./child.js')), await answer(new Worker('./thread.js'))],
        total: os.totalmem() / ${mebibyte}, free: os.freemem() / ${mebibyte}, constrained: process.constrainedMemory() / ${mebibyte},
        processors: os.availableParallelism(), options: process.execArgv,
        python: ${existsSync(python)} ? Number(execFileSync('${python}', ['-c', '${script}'])) : undefined,
        variables: Object.fromEntries(Object.entries(process.env).filter(([name]) => /_MBYTES$|^GO/.test(name))),
      })))()`,
    'child.js': `process.send(${heap})`,
    'thread.js': `require('worker_threads').parentPort.postMessage(${heap})`,
  };
  const { stdout, stderr } = await finish(await openWorker(sandbox, files, { share }));
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe.each(Object.entries(kinds))('a worker in a sandbox of kind %s', (_kind, make) => {
  test.each([512, 1000, 2048, 8192])('has a heap of three quarters of %d MB', async (memoryMegabytes) => {
    const { heaps, variables, options } = await told(make(), { memoryMegabytes, cpus: 1 });
    for (const heap of heaps as number[]) {
      expect(heap / memoryMegabytes).toBeGreaterThan(0.74);
      expect(heap / memoryMegabytes).toBeLessThan(0.76);
    }
    expect(options).toEqual([]);
    expect(variables).toEqual({
      CRAWLEE_MEMORY_MBYTES: String(memoryMegabytes),
      APIFY_MEMORY_MBYTES: String(memoryMegabytes),
      ACTOR_MEMORY_MBYTES: String(memoryMegabytes),
      GOMEMLIMIT: `${Math.floor(memoryMegabytes * 0.9)}MiB`,
      GOMAXPROCS: '1',
    });
  });
});

const isolating = Object.entries(kinds).filter(([kind]) => kind !== 'process');
describe.each(isolating)('in a sandbox of kind %s the machine', (_kind, make) => {
  test('has the memory and processors of the run', async () => {
    const share = { memoryMegabytes: 1024, cpus: 0.5 };
    expect(await told(make(), share)).toMatchObject({
      total: 1024,
      free: 1024,
      constrained: 1024,
      processors: readsProcessors ? 1 : availableParallelism(),
      python: 1,
    });
  });

  test('lists no more processors than the run has', async () => {
    const share = { memoryMegabytes: 1024, cpus: 3 };
    const { processors, python: counted } = await told(make(), share);
    expect(processors).toBe(Math.min(3, availableParallelism()));
    expect(counted).toBe(3);
  });

  test('is unchanged without a share', async () => {
    const worker = await openWorker(make(), {
      'main.js': `console.log(JSON.stringify([require('os').totalmem(), process.env.NODE_OPTIONS === undefined]))`,
    });
    const { stdout } = await finish(worker);
    const [total, isUnset] = JSON.parse(stdout) as [number, boolean];
    expect(total).toBe(totalmem());
    expect(isUnset).toBe(true);
  });
});
