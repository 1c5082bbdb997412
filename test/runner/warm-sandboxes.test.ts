import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SandboxOptions } from '../../src/runner/sandbox.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { eventually } from '../platform/support/eventually.ts';
import { descendantsOf } from '../platform/support/processes.ts';
import {
  answerOf,
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
} from './worker-package.ts';

const mebibyte = 1024 * 1024;
const runsAsRoot = process.getuid?.() === 0;

let cacheDir: string;
let sandbox: BubblewrapSandbox;

function makeSandbox(warmSandboxes: number, warmSandboxMemoryBytes = 512 * mebibyte): BubblewrapSandbox {
  const runnerSlots = 200_000;
  const sandboxUserId = firstUserId + 1_000_000;
  return new BubblewrapSandbox({
    cacheDir,
    sandboxUserId,
    runnerSlots,
    warmSandboxes,
    warmSandboxMemoryBytes,
  });
}

async function waiting(count: number): Promise<void> {
  await eventually(async () => (sandbox.warmSandboxes === count ? true : undefined));
}

/** Runs a worker that reports how long its process had existed, in seconds. */
async function secondsBefore(options: Partial<SandboxOptions> = {}): Promise<number> {
  const code = `console.log((performance.now() / 1000 - process.uptime()).toFixed(3))`;
  return Number((await finish(await openWorker(sandbox, { 'main.js': code }, options))).stdout);
}

beforeEach(async () => {
  cacheDir = await makeReachableFolder();
});
afterEach(async () => {
  await sandbox.closeWarm();
  await removeFolder(cacheDir);
});

describe('sandboxes opened in advance', () => {
  test('serve the next worker of their kind, once each, with its own environment', async () => {
    sandbox = makeSandbox(2);
    const print = `console.log(JSON.stringify([process.env.WORD, process.argv.length, __filename, process.cwd(),
      require('fs').readdirSync('.')]))`;
    const before = await openWorker(sandbox, { 'main.js': '' });
    await before.close();
    await waiting(2);
    const seen = await Promise.all(
      ['one', 'two'].map(async (word) => {
        const options = { environment: { WORD: word }, entry: `${word}.js` };
        return finish(await openWorker(sandbox, { [`${word}.js`]: print }, options));
      }),
    );
    expect(seen.map(({ stdout }) => JSON.parse(stdout))).toEqual(
      ['one', 'two'].map((word) => [word, 2, `/work/${word}.js`, '/work', [`${word}.js`]]),
    );
    await waiting(2);
  });

  test('do not count waiting as the worker’s time', async () => {
    sandbox = makeSandbox(1);
    const cold = await secondsBefore();
    await waiting(1);
    const opened = performance.now();
    await eventually(async () => (performance.now() - opened > 200 ? true : undefined));
    expect(await secondsBefore()).toBeGreaterThan(0.2);
    expect(cold).toBeGreaterThan(0);
    const uptime = await answerOf(
      sandbox,
      `console.log(JSON.stringify([process.uptime() < 5, process.uptime.name, process.uptime.length]))`,
    );
    expect(uptime).toEqual([true, 'uptime', 0]);
  });

  test('are not used if ports, limits or dependencies differ', async () => {
    sandbox = makeSandbox(1);
    const nodeModulesDir = path.join(cacheDir, 'modules');
    const [first, second] = ['first', 'second'].map((name) => path.join(nodeModulesDir, `${name}.js`));
    await mkdir(nodeModulesDir);
    await writeFile(first ?? '', `module.exports = 'first'`);
    const code = `console.log(JSON.stringify(require('fs').readdirSync('node_modules')))`;
    expect(await answerOf(sandbox, code, { nodeModulesDir })).toEqual(['first.js']);
    await waiting(1);
    // A folder that the cache dropped and installed again is another folder with the same name.
    await rename(nodeModulesDir, `${nodeModulesDir}-aside`);
    await mkdir(nodeModulesDir);
    await writeFile(second ?? '', `module.exports = 'second'`);
    expect(await answerOf(sandbox, code, { nodeModulesDir })).toEqual(['second.js']);
    const limits = { processes: 64, openFiles: 256, fileSizeBytes: mebibyte, tmpBytes: mebibyte };
    expect(
      await answerOf(
        sandbox,
        `console.log(/Max open files\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/limits', 'utf8'))[1])`,
        { limits },
      ),
    ).toBe(256);
    const worker = await openWorker(sandbox, { 'main.js': '' }, { ports: [20086, 6000] });
    expect(() => worker.listener(6000)).not.toThrow();
  });

  test('are divided by recent demand', async () => {
    sandbox = makeSandbox(2);
    const open = async (ports: number[]): Promise<void> =>
      (await openWorker(sandbox, { 'main.js': '' }, { ports })).close();
    await open([20001]);
    await waiting(2);
    await open([20002]);
    await open([20002]);
    // One of each: the next request takes the one waiting for it.
    await eventually(async () => {
      const worker = await openWorker(sandbox, { 'main.js': '' }, { ports: [20001] });
      const isWarm = sandbox.warmSandboxes === 1;
      await worker.close();
      await waiting(2);
      return isWarm ? true : undefined;
    });
    expect(sandbox.warmSandboxes).toBe(2);
  });

  test('are limited by their total memory', async () => {
    sandbox = makeSandbox(8, 60 * mebibyte);
    await (await openWorker(sandbox, { 'main.js': '' })).close();
    await eventually(async () => (sandbox.warmSandboxes > 0 ? true : undefined));
    await (await openWorker(sandbox, { 'main.js': '' })).close();
    await eventually(async () => (sandbox.warmSandboxes > 0 ? true : undefined));
    expect(sandbox.warmSandboxes).toBeLessThan(8);
  });

  test.runIf(runsAsRoot)('run under a user of their own', async () => {
    sandbox = makeSandbox(2);
    await (await openWorker(sandbox, { 'main.js': '' })).close();
    await waiting(2);
    const code = 'console.log(require("fs").readFileSync("/proc/self/uid_map", "utf8").split(/\\s+/)[2])';
    const ids = await Promise.all([1, 2, 3].map(async () => answerOf(sandbox, code)));
    expect(new Set(ids).size).toBe(1);
  });

  test('are removed completely when closed', async () => {
    sandbox = makeSandbox(2);
    const before = descendantsOf(process.pid).length;
    await (await openWorker(sandbox, { 'main.js': '' })).close();
    await waiting(2);
    expect(descendantsOf(process.pid).length).toBeGreaterThan(before);
    await Promise.all([sandbox.closeWarm(), sandbox.closeWarm()]);
    expect(descendantsOf(process.pid)).toHaveLength(before);
    expect(await readdir(path.join(cacheDir, 'scratch'))).toEqual([]);
  });

  test('are replaced, not used, if they have died', async () => {
    sandbox = makeSandbox(1);
    const before = new Set(descendantsOf(process.pid).map(({ pid }) => pid));
    await (await openWorker(sandbox, { 'main.js': '' })).close();
    await waiting(1);
    const added = descendantsOf(process.pid).filter(({ pid }) => !before.has(pid));
    for (const { pid } of added.toReversed()) process.kill(pid, 'SIGKILL');
    // Its parent notices as soon as not even a zombie is left.
    await eventually(async () => (added.some(({ pid }) => existsSync(`/proc/${pid}`)) ? undefined : true));
    expect((await finish(await openWorker(sandbox, { 'main.js': 'console.log(1)' }))).stdout).toBe('1\n');
  });
});
