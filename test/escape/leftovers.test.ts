/** Compares the machine before and after a hundred runs that end in all possible ways. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../platform/support/eventually.ts';
import { descendantsOf } from '../platform/support/processes.ts';
import { publishScriptedWorker } from '../platform/support/scripted-worker.ts';
import { cgroupsOf } from '../runner/cgroup-folders.ts';
import { makeReachableFolder, removeFolder } from '../runner/worker-package.ts';
import { startTestPlatform, type TestPlatform } from '../support/test-platform.ts';

const runnerSlots = 6;
const warmSandboxes = 2;
/** Maximum number of user ids in use: those of slots, then those of sandboxes opened ahead. */
const userIds = 2 * runnerSlots + warmSandboxes;
const firstUserId = 2_500_000 + (process.pid % 100_000) * userIds;

const workers = {
  succeeding: '',
  failing: 'process.exit(3)',
  endless: `console.log('ready'); setInterval(() => {}, 1000)`,
  daemonic: `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'],
    { detached: true, stdio: 'ignore' }).once('spawn', () => process.exit())`,
} as const;
type Kind = keyof typeof workers;

interface Remains {
  readonly processes: number;
  readonly children: string[];
  readonly mounts: string[];
  readonly cgroups: string[];
  readonly folders: string[];
}

/** bubblewrap, the first process and the worker. */
const processesOfOneSandbox = 3;

function processesOfSandboxes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const { uid } = statSync(`/proc/${pid}`);
        return uid >= firstUserId && uid < firstUserId + userIds;
      } catch {
        return false;
      }
    });
}

async function remains(cacheDir: string): Promise<Remains> {
  return {
    processes: processesOfSandboxes().length,
    children: descendantsOf(process.pid).map(({ command }) => command),
    // Other tests mount too while this one runs.
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(cacheDir)),
    cgroups: await cgroupsOf(process.pid),
    // The sandboxes opened ahead change with every run.
    folders: (await readdir(cacheDir, { recursive: true }))
      .map((name) => name.replace(/\/subtask-\w+/, '/subtask'))
      .toSorted(),
  };
}

function descriptorCount(): number {
  return readdirSync('/proc/self/fd').length;
}

async function publishAll(platform: TestPlatform): Promise<Record<Kind, string>> {
  const published: [string, string][] = [];
  for (const [kind, code] of Object.entries(workers)) {
    const files = {
      'main.js': code,
      'package.json': '{}',
      'package-lock.json': '{"lockfileVersion": 3, "packages": {}}',
    };
    published.push([kind, await publishScriptedWorker(platform, kind, files)]);
  }
  return Object.fromEntries(published) as Record<Kind, string>;
}

test('a hundred runs leave no process, mount, cgroup, descriptor or folder', async () => {
  const cacheDir = await makeReachableFolder();
  onTestFinished(async () => removeFolder(cacheDir));
  const platform = await startTestPlatform({
    cacheDir,
    runnerSlots,
    warmSandboxes,
    sandboxUserId: firstUserId,
  });
  onTestFinished(async () => platform.close());
  const published = await publishAll(platform);
  const input = { script: '', items: ['one'] };

  async function succeed(kind: Kind): Promise<void> {
    const slug = await platform.runAsync(published[kind], input);
    expect((await platform.finished(slug)).status).toBe('succeeded');
  }
  async function fail(): Promise<void> {
    const slug = await platform.runAsync(published.failing, input);
    expect((await platform.finished(slug)).err_msg).toBe('the worker ended with exit code 3');
  }
  async function abort(): Promise<void> {
    const slug = await platform.runAsync(published.endless, input);
    await platform.logged(slug, 'ready');
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect((await platform.finished(slug)).err_msg).toBe('run aborted by user');
  }
  async function abortImmediately(): Promise<void> {
    const slug = await platform.runAsync(published.endless, input);
    await platform.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
    expect((await platform.finished(slug)).err_msg).toBe('run aborted by user');
  }
  async function runOutOfTime(): Promise<void> {
    const slug = await platform.runAsync(published.endless, input, { execute_limit_time_seconds: 1 });
    expect((await platform.finished(slug)).err_msg).toMatch(/time limit of 1 s/);
  }
  /** Twenty runs, all at the same time. */
  async function round(): Promise<void> {
    await Promise.all([
      ...Array.from({ length: 7 }, async () => succeed('succeeding')),
      ...Array.from({ length: 3 }, async () => succeed('daemonic')),
      ...Array.from({ length: 5 }, fail),
      ...Array.from({ length: 2 }, abort),
      ...Array.from({ length: 2 }, abortImmediately),
      runOutOfTime(),
    ]);
  }

  // The first round creates what is needed only once, such as caches and connections to the database.
  await round();
  const before = await eventually(async () => {
    const seen = await remains(cacheDir);
    // Only the sandboxes opened ahead are left.
    return seen.processes === warmSandboxes * processesOfOneSandbox ? seen : undefined;
  });
  const descriptorsBefore = descriptorCount();
  for (let count = 0; count < 5; count += 1) await round();
  await eventually(async () => {
    expect(await remains(cacheDir)).toEqual(before);
    return true;
  });
  // The number of keep-alive connections varies, but by far less than one per run.
  expect(descriptorCount() - descriptorsBefore).toBeLessThan(10);
});
