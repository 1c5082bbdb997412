import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Cgroup } from '../../src/runner/cgroup.ts';
import { Events } from '../../src/events/events.ts';
import { Cgroups } from '../../src/runner/cgroups/cgroups.ts';
import { pidsIn, removeOfDeadRunners } from '../../src/runner/cgroups/cgroup-folder.ts';
import { ownHierarchies, parseHierarchies } from '../../src/runner/cgroups/hierarchies.ts';
import { limitFiles, VersionTwoCgroups } from '../../src/runner/cgroups/version-2.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { cgroupsOf } from './cgroup-folders.ts';
import {
  finish,
  firstUserId,
  makeMark,
  makeReachableFolder,
  openWorker,
  processesMarked,
  removeFolder,
} from './worker-package.ts';

const events = new Events(pino({ level: 'silent' }));
const mebibyte = 1024 * 1024;
const wide = { memoryBytes: 512 * mebibyte, cpus: 64, processes: 100 };

const mount = (at: string, type: string, options: string, root = '/') =>
  `31 23 0:28 ${root} ${at} rw,nosuid shared:9 - ${type} ${type} rw,${options}`;

describe('the folders of this process', () => {
  test.each([
    [
      'of version 2, as systemd mounts it',
      '0::/user.slice/user-1000.slice/user@1000.service/app.slice/chela.service\n',
      mount('/sys/fs/cgroup', 'cgroup2', 'nsdelegate'),
      {},
      '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/chela.service',
    ],
    [
      'of version 2 in a container',
      '0::/\n',
      mount('/sys/fs/cgroup', 'cgroup2', 'nsdelegate'),
      {},
      '/sys/fs/cgroup',
    ],
    [
      'of version 1, two controllers on one mount',
      '4:memory:/chela\n3:cpu,cpuacct:/\n1:name=systemd:/init.scope\n',
      `${mount('/sys/fs/cgroup/memory', 'cgroup', 'memory')}\n${mount('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'cpu,cpuacct')}`,
      {
        memory: '/sys/fs/cgroup/memory/chela',
        cpu: '/sys/fs/cgroup/cpu,cpuacct',
        cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      },
      undefined,
    ],
    [
      'of version 1 in a container that mounts its own part',
      '4:memory:/docker/abc/below\n',
      mount('/sys/fs/cgroup/memory', 'cgroup', 'memory', '/docker/abc'),
      { memory: '/sys/fs/cgroup/memory/below' },
      undefined,
    ],
    [
      'are absent if the mount shows another part',
      '4:memory:/docker/abc\n0::/../other\n',
      `${mount('/sys/fs/cgroup/memory', 'cgroup', 'memory', '/docker/def')}\n${mount('/sys/fs/cgroup/unified', 'cgroup2', '', '/docker/def')}`,
      {},
      undefined,
    ],
    [
      'with spaces in their names',
      '0::/a b\n',
      mount(String.raw`/my\040cgroups`, 'cgroup2', ''),
      {},
      '/my cgroups/a b',
    ],
  ])('%s', (_, membership, mountinfo, versionOne, versionTwo) => {
    const found = parseHierarchies(membership, mountinfo);
    expect(Object.fromEntries(found.versionOne)).toEqual(versionOne);
    expect(found.versionTwo).toBe(versionTwo);
  });
});

test("limits of version 2 are written in the kernel's format", () => {
  expect(limitFiles({ memoryBytes: 200.5 * mebibyte, cpus: 0.125, processes: 30 })).toEqual({
    memory: { 'memory.max': '210239488', 'memory.swap.max': '0', 'memory.oom.group': '1' },
    cpu: { 'cpu.max': '12500 100000' },
    pids: { 'pids.max': '30' },
  });
  expect(limitFiles({ ...wide, cpus: 1e300 })['cpu']).toEqual({ 'cpu.max': 'max 100000' });
});

const probe = new Cgroups({ isEnabled: true, events });
await probe.start();
const canLimit = probe.limitsCpu;
await probe.stop();

describe.skipIf(!canLimit)('a worker in a cgroup', () => {
  let cacheDir: string;
  let sandbox: BubblewrapSandbox;
  let cgroups: Cgroups;
  beforeAll(async () => {
    cacheDir = await makeReachableFolder();
    sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
    cgroups = new Cgroups({ isEnabled: true, events });
    await cgroups.start();
  });
  afterAll(async () => {
    await cgroups.stop();
    await removeFolder(cacheDir);
  });

  async function make(limits: Partial<typeof wide> = {}): Promise<Cgroup> {
    const cgroup = await cgroups.create({ ...wide, ...limits });
    if (cgroup === undefined) throw new Error('no cgroup could be made');
    onTestFinished(async () => cgroup.remove());
    return cgroup;
  }

  async function run(code: string, cgroup: Cgroup) {
    const worker = await openWorker(sandbox, { 'main.js': code }, { cgroup });
    const finished = await finish(worker);
    await worker.close();
    return finished;
  }

  test('gets no more than its share of processor time', async () => {
    const cgroup = await make({ cpus: 0.25 });
    const code = `const began = performance.now(), before = process.cpuUsage();
      while (performance.now() - began < 1000);
      const { user, system } = process.cpuUsage(before);
      console.log((user + system) / 1000 / (performance.now() - began))`;
    const { stdout } = await run(code, cgroup);
    expect(Number(stdout)).toBeLessThan(0.45);
  });

  test('counts the processor time of short-lived processes too', async () => {
    const cgroup = await make();
    const burn = `while (process.cpuUsage().user < 400_000);`;
    await run(
      `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}])`,
      cgroup,
    );
    expect(await cgroup.cpuSeconds()).toBeGreaterThan(0.4);
  });

  test('is killed at its memory limit, and the signs show it', async () => {
    const cgroup = await make({ memoryBytes: 128 * mebibyte });
    expect(await cgroup.signs()).toEqual({ outOfMemory: undefined, processesRefused: false });
    const { signal } = await run(`globalThis.held = Buffer.alloc(300e6, 1)`, cgroup);
    expect(signal).toBe('SIGKILL');
    expect((await cgroup.signs()).outOfMemory).toBe('limit');
  });

  test('may write more to files than its memory limit, since the page cache is reclaimed', async () => {
    const cgroup = await make({ memoryBytes: 128 * mebibyte });
    const code = `const part = Buffer.alloc(8e6, 1);
      for (let n = 0; n < 30; n += 1) require('fs').writeFileSync('file' + n, part)`;
    expect(await run(code, cgroup)).toMatchObject({ exitCode: 0 });
    expect(await cgroup.memoryBytes()).toBeLessThan(128 * mebibyte);
  });

  test('cannot exceed its process limit, and the signs show it', async () => {
    const cgroup = await make({ processes: 40 });
    const code = `const { spawn } = require('child_process');
      (async () => { for (let n = 0; n < 60; n += 1) {
        const child = spawn('/bin/sh', ['-c', 'read x'], { stdio: ['pipe', 'ignore', 'ignore'] });
        const error = await new Promise((settled) => child.on('error', settled).on('spawn', settled));
        if (error) { console.log(error.code); process.exit(3) }
      } })()`;
    expect(await run(code, cgroup)).toMatchObject({ exitCode: 3, stdout: 'EAGAIN\n' });
    expect(await cgroup.signs()).toEqual({ outOfMemory: undefined, processesRefused: true });
  });

  test('sees neither its own cgroup nor others', async () => {
    const cgroup = await make();
    const code = `const fs = require('fs');
      const places = fs.readFileSync('/proc/self/cgroup', 'utf8').trim().split('\\n').map((line) => line.split(':')[2]);
      console.log(JSON.stringify([[...new Set(places)], fs.existsSync('/sys')]))`;
    expect((await run(code, cgroup)).stdout).toBe('[["/"],false]\n');
  });

  test('ends together with everything it started', async () => {
    const cgroup = await make();
    const mark = makeMark();
    const worker = await openWorker(
      sandbox,
      {
        'main.js': `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
          require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("ready")', '${mark}'],
            { detached: true, stdio: ['ignore', 'inherit', 'ignore'] })`,
      },
      { cgroup },
    );
    worker.run();
    await once(worker.stdout, 'data');
    await cgroup.remove();
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(await processesMarked(mark)).toEqual([]);
    await cgroup.remove();
  });
});

describe.skipIf(!canLimit)('the cgroups of a runner', () => {
  test('are removed when it stops', async () => {
    const before = await cgroupsOf(process.pid);
    const cgroups = new Cgroups({ isEnabled: true, events });
    await cgroups.start();
    const cgroup = await cgroups.create(wide);
    expect((await cgroupsOf(process.pid)).length).toBeGreaterThan(before.length + 1);
    await cgroup?.remove();
    await cgroups.stop();
    await cgroups.stop();
    expect(await cgroupsOf(process.pid)).toEqual(before);
  });

  test('are removed by the next start if it died, and left alone while it is alive', async () => {
    const { versionOne, versionTwo } = await ownHierarchies();
    const own = versionOne.get('memory') ?? versionTwo ?? '';
    const child = spawn('true');
    await once(child, 'exit');
    const dead = path.join(own, `chela-${child.pid}-1-00000000`);
    const startTime = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19];
    const living = path.join(own, `chela-${process.pid}-${startTime}-00000000`);
    await mkdir(path.join(dead, 'subtask-1'), { recursive: true });
    await mkdir(living);
    onTestFinished(async () => rmdir(living));
    await removeOfDeadRunners(own);
    expect([existsSync(dead), existsSync(living)]).toEqual([false, true]);
  });
});

/** A cgroup of version 2 that a test may arrange on this machine, and a controller to delegate. */
async function findVersionTwo(): Promise<{ root: string; controller: string } | undefined> {
  const { versionTwo: root } = await ownHierarchies();
  if (root === undefined || existsSync(path.join(root, 'cgroup.type')) || process.getuid?.() !== 0)
    return undefined;
  const [controller = ''] = readFileSync(path.join(root, 'cgroup.controllers'), 'latin1').trim().split(' ');
  return controller === '' ? undefined : { root, controller };
}
const available = await findVersionTwo();

describe.skipIf(available === undefined)('version 2', () => {
  const { root, controller } = available ?? { root: '', controller: '' };

  /** Like a delegated systemd unit, with a process in it. */
  async function delegated(): Promise<{ folder: string; process: ChildProcess }> {
    await VersionTwoCgroups.open(root, [controller]).then(async (kind) => kind.close());
    const folder = path.join(root, `test-${process.pid}`);
    await mkdir(folder);
    const child = spawn('sh', ['-c', `echo $$ > ${folder}/cgroup.procs; echo in; read x`]);
    await once(child.stdout, 'data');
    onTestFinished(async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await rmdir(path.join(folder, 'chela-host')).catch(() => undefined);
      await rmdir(folder);
    });
    return { folder, process: child };
  }

  test('moves existing processes aside, delegates controllers, and kills a whole cgroup', async () => {
    const { folder, process: resident } = await delegated();
    const kind = await VersionTwoCgroups.open(folder, [controller]);
    expect(await pidsIn(folder)).toEqual([]);
    expect(await pidsIn(path.join(folder, 'chela-host'))).toEqual([resident.pid]);
    expect(await readFile(path.join(folder, 'cgroup.subtree_control'), 'utf8')).toContain(controller);
    // After a restart, the runner is already in the cgroup that it moved to.
    await VersionTwoCgroups.open(path.join(folder, 'chela-host'), [controller]).then(async (again) =>
      again.close(),
    );

    const cgroup = await kind.create('subtask-1', wide);
    expect([...cgroup.controls]).toEqual(['cpu time']);
    const child = spawn('sh', [
      '-c',
      'read x; sh -c "trap \'\' TERM; while :; do :; done" & while :; do :; done',
    ]);
    await once(child, 'spawn');
    await cgroup.add(child.pid ?? 0);
    child.stdin.end('go\n');
    while ((await cgroup.cpuSeconds()) < 0.05);
    const ended = once(child, 'exit');
    await cgroup.remove();
    expect(await ended).toEqual([null, 'SIGKILL']);
    await cgroup.remove();
    await kind.close();
  });

  test('is unchanged if no controller can be delegated', async () => {
    const { folder, process: resident } = await delegated();
    await expect(VersionTwoCgroups.open(folder, ['memory', 'cpu', 'pids'])).rejects.toThrow(
      /none of the controllers memory, cpu, pids is enabled for/,
    );
    expect(await pidsIn(folder)).toEqual([resident.pid]);
    expect(existsSync(path.join(folder, 'chela-host'))).toBe(false);
  });
});

test('a runner with cgroups disabled has none, and says so', async () => {
  const off = new Cgroups({ isEnabled: false, events });
  await off.start();
  expect(off.limitsCpu).toBe(false);
  expect(await off.create(wide)).toBeUndefined();
  await off.stop();
});
