import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/configuration/configuration.ts';
import { DockerSandbox, type DockerSettings } from '../../src/runner/sandboxes/docker.ts';
import { eventually } from '../platform/support/eventually.ts';
import { importImage, startTestEngine, type TestEngine } from '../support/docker-engine.ts';
import { takeTurnsAtHostPorts } from '../support/host-ports.ts';
import { startTestPlatform } from '../support/test-platform.ts';
import { describeSandbox } from './sandbox-conformance.ts';
import {
  answerOf,
  finish,
  firstUserId,
  makeMark,
  makeReachableFolder,
  openWorker,
  removeFolder,
} from './worker-package.ts';

const mebibyte = 1024 * 1024;
const limits = { processes: 64, openFiles: 256, fileSizeBytes: 64 * mebibyte, tmpBytes: 64 * mebibyte };
const fixtures = path.join(import.meta.dirname, '../fixtures');

interface Outcome {
  readonly status: string;
  readonly error: string;
  readonly headers: unknown;
  readonly rows: readonly string[];
}

/** The results of Node, Python and failing workers on a platform with this kind of sandbox. */
async function outcomes(kind: Partial<Config>): Promise<Outcome[]> {
  const platform = await startTestPlatform(kind);
  try {
    const [node, python] = [
      await platform.publish(path.join(fixtures, 'third-party-worker'), 'Node'),
      await platform.publish(path.join(fixtures, 'python-worker'), 'Python'),
    ];
    const facts = ['six', 'grpc', 'google.protobuf', 'sqlite3', 'ssl', 'ctypes'];
    const inputs = [
      [node, { items: ['a', 'b'], rows: 20, parallel_rows: 20, upserts: 2 }, 2],
      [node, { items: ['a'], crash: true }, 1],
      [python, { rows: 3, facts, exit_code: 4 }, 1],
    ] as const;
    const found: Outcome[] = [];
    for (const [worker, input, subtasks] of inputs) {
      const run = await platform.runSync(worker, input);
      const { list, headers } = await platform.results(run.run_slug);
      // Subtasks run concurrently, and each kind has its own folders.
      const rows = list
        .map(({ argv: _1, cwd: _2, executable: _3, environment: _4, pid: _5, ...row }) => row)
        .map((row) => JSON.stringify(row))
        .toSorted();
      const warning = /^SYSTEM: workers run without a sandbox/;
      const lines = (await platform.log(run.run_slug)).filter(({ content }) => warning.test(content));
      expect(lines).toHaveLength(kind.sandbox === 'process' ? subtasks : 0);
      found.push({ status: run.run_status, error: run.error_message, headers, rows });
    }
    return found;
  } finally {
    await platform.close();
  }
}

takeTurnsAtHostPorts();
const started = await startTestEngine();
if (typeof started === 'string')
  process.stderr.write(`tests of the docker sandbox are skipped: ${started}\n`);

describe.skipIf(typeof started === 'string')('with a Docker Engine', () => {
  const engine = started as TestEngine;
  let cacheDir: string;
  let settings: DockerSettings;
  let sandbox: DockerSandbox;
  beforeAll(async () => {
    cacheDir = await makeReachableFolder();
    settings = { ...engine.settings, cacheDir, sandboxUserId: firstUserId, dockerRuntime: '' };
    sandbox = new DockerSandbox(settings);
  });
  afterAll(async () => {
    await engine.stop();
    await removeFolder(cacheDir);
  });

  describeSandbox('docker', () => sandbox, { fences: true, connects: false, concurrency: 3 });

  /** Runs the body of an async function inside a container and returns its result; a thrown error is its code. */
  async function inside(body: string, overrides?: Parameters<typeof answerOf>[2]): Promise<unknown> {
    const code = `
      const fs = require('node:fs'), net = require('node:net'), dns = require('node:dns'), os = require('node:os');
      const outcome = (emitter, event) => new Promise((resolve) => {
        emitter.once('error', (error) => resolve(error.code)); emitter.once(event, () => resolve(event)) });
      (async () => { ${body} })().catch((error) => error.code ?? error.message)
        .then((value) => fs.writeSync(1, JSON.stringify(value ?? null)));`;
    return answerOf(sandbox, code, overrides);
  }

  /** The container of the one subtask with this label. */
  async function containerOf(label: string): Promise<Docker.ContainerInfo | undefined> {
    const filters = { label: [`chela.subtask=${label}`] };
    return (await engine.docker.listContainers({ all: true, filters }))[0];
  }

  describe('a container', () => {
    test('reports the memory and processors of its run', async () => {
      const facts = await inside(
        `return {
          total: os.totalmem() / ${mebibyte},
          heap: Math.round(require('node:v8').getHeapStatistics().heap_size_limit / ${mebibyte}),
          online: fs.readFileSync('/sys/devices/system/cpu/online', 'utf8'),
          trusts: fs.existsSync(process.env.SSL_CERT_FILE),
        }`,
        { share: { memoryMegabytes: 1024, cpus: 1 } },
      );
      expect(facts).toEqual({ total: 1024, heap: 768, online: '0\n', trusts: true });
    });

    test('has no privileges, no network, and none of the host’s files', async () => {
      const secret = path.join(cacheDir, 'secret.txt');
      await writeFile(secret, 'secret');
      const facts = await inside(`
        const status = fs.readFileSync('/proc/self/status', 'utf8').match(/^(Cap\\w+|NoNewPrivs|Seccomp):.*$/gm);
        return {
          status: status.map((line) => line.split(/\\s+/)).map(([name, value]) => name + Number('0x' + value)),
          root: process.getuid() === 0,
          user: os.userInfo().username,
          hostname: os.hostname(),
          interfaces: Object.keys(os.networkInterfaces()),
          tcp: await outcome(net.connect(80, '192.0.2.1'), 'connect'),
          names: await dns.promises.lookup('example.org').catch((error) => error.code),
          older: (await dns.promises.lookup('chrome-ws-inner.cafescraper.com')).address,
          files: ${JSON.stringify([secret, cacheDir, process.cwd(), '/var/run/docker.sock'])}.filter((file) => fs.existsSync(file)),
          writable: ['/file', '/usr/file', '/etc/file', '/dev/file', '/chela/file', '/chela/sockets/file', '/opt/file']
            .filter((file) => { try { fs.writeFileSync(file, ''); return true } catch { return false } }),
          oom: Number(fs.readFileSync('/proc/self/oom_score_adj')),
        };`);
      expect(facts).toEqual({
        status: ['CapInh:0', 'CapPrm:0', 'CapEff:0', 'CapBnd:0', 'CapAmb:0', 'NoNewPrivs:1', 'Seccomp:2'],
        root: false,
        user: 'worker',
        hostname: 'worker',
        interfaces: ['lo'],
        tcp: 'ENETUNREACH',
        names: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
        older: '127.0.0.1',
        files: [],
        writable: [],
        oom: 1000,
      });
    });

    test('runs as the slot’s own user, and its environment appears in no listing', async () => {
      const label = makeMark();
      const worker = await openWorker(
        sandbox,
        { 'main.js': `require('fs').writeFileSync('made', '')` },
        { label, environment: { PROXY_AUTH: `user:secret-of-${label}` } },
      );
      const listed = await containerOf(label);
      const shown = await engine.docker.getContainer(listed?.Id ?? '').inspect();
      expect(shown.Config.Labels).toMatchObject({ 'chela.installation': cacheDir, 'chela.subtask': label });
      expect(JSON.stringify(shown)).not.toContain('secret-of');
      await finish(worker);
      const { uid, gid } = await stat(path.join(worker.scratchDir, 'work/made'));
      expect([uid, gid]).toEqual([worker.userId, worker.userId]);
      await worker.close();
      expect(await containerOf(label)).toBeUndefined();
    });

    test('gets the processors that its limits allow', async () => {
      const body = `const read = (file) => { try { return Number(fs.readFileSync(file, 'utf8').split(' ')[0]) } catch {} };
        return read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') ?? read('/sys/fs/cgroup/cpu.max')`;
      expect(await inside(body, { limits: { ...limits, cpus: 0.25 } })).toBe(25_000);
      expect(await inside(body, { limits: { ...limits, cpus: 1000 } })).toBeGreaterThan(25_000);
    });

    test('that exceeds its memory limit is killed, and says so', async () => {
      const memoryBytes = 128 * mebibyte;
      const worker = await openWorker(
        sandbox,
        { 'main.js': `const kept = []; for (;;) kept.push(Buffer.alloc(8e6, 1))` },
        { limits: { ...limits, memoryBytes } },
      );
      expect(await finish(worker)).toMatchObject({ signal: 'SIGKILL', outOfMemory: true });
      const files = await openWorker(
        sandbox,
        {
          'main.js': `require('fs').writeFileSync('/tmp/big', Buffer.alloc(25e6)); console.log('ready'); setInterval(() => {}, 1e3)`,
        },
        { limits: { ...limits, memoryBytes } },
      );
      const before = await files.memoryBytes();
      files.run();
      await once(files.stdout, 'data');
      await eventually(async () => ((await files.memoryBytes()) - before > 20e6 ? true : undefined));
    });

    test('ends the daemons of its worker, after sending them SIGTERM', async () => {
      const worker = await openWorker(sandbox, {
        'main.js': `require('child_process').spawn('/bin/sh', ['-c', '(node child.js &) ; exit 0'],
          { detached: true, stdio: 'inherit' }); process.on('SIGTERM', () => {}); setInterval(() => {}, 1e3)`,
        'child.js': `process.on('SIGTERM', () => console.log('asked')); setInterval(() => {}, 1e3); console.log('ready')`,
      });
      worker.run();
      await once(worker.stdout, 'data');
      const output = text(worker.stdout);
      await worker.terminate(1000);
      expect(await worker.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
      expect(await output).toBe('asked\n');
    });

    test('becomes the program of an executable entry, or says why it cannot', async () => {
      const launch = { mounts: {}, command: (_: unknown, entry: string) => [entry], environment: () => ({}) };
      const packageDir = await makeReachableFolder();
      onTestFinished(async () => removeFolder(packageDir));
      await writeFile(path.join(packageDir, 'main'), '#!/bin/sh\necho "$0 in $PWD"; exit 5\n', {
        mode: 0o755,
      });
      const script = await openWorker(sandbox, {}, { packageDir, entry: 'main', launch });
      expect(await finish(script)).toMatchObject({ exitCode: 5, stdout: '/work/main in /work\n' });
      const foreign = await openWorker(sandbox, { main: 'MZ and more' }, { entry: 'main', launch });
      expect(await finish(foreign)).toMatchObject({
        exitCode: 126,
        stderr: '/work/main cannot be executed on this system: build it for linux/amd64\n',
      });
    });
  });

  test('a container of a killed runner ends by itself, and the next start removes it', async () => {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    const [packageDir, scratchDir] = [path.join(folder, 'package'), path.join(folder, 'scratch')];
    await Promise.all([mkdir(packageDir), mkdir(scratchDir)]);
    await writeFile(path.join(packageDir, 'main.js'), 'setInterval(() => {}, 1000)');
    const label = makeMark();
    const slot = 99_999;
    const options = {
      packageDir,
      scratchDir,
      entry: 'main.js',
      environment: {},
      ports: [20086],
      slot,
      limits,
      label,
    };
    const runner = fork(path.join(import.meta.dirname, 'docker-runner-process.ts'));
    runner.send({ settings, options });
    await once(runner, 'message');
    await sandbox.removeLeftovers();
    expect(await containerOf(label)).toMatchObject({ State: 'running' });
    const ended = once(runner, 'exit');
    runner.kill('SIGKILL');
    await ended;
    await eventually(async () => ((await containerOf(label))?.State === 'exited' ? true : undefined));
    await sandbox.removeLeftovers();
    expect(await containerOf(label)).toBeUndefined();
  });

  describe('check() says what to do', () => {
    test.each([
      ['if no image is configured', { dockerImage: '' }, /requires an image: set CHELA_DOCKER_IMAGE/],
      ['if the image is missing', { dockerImage: 'absent:1' }, /docker pull absent:1/],
      [
        'if the engine does not have the runtime',
        { dockerRuntime: 'absent' },
        /does not have the runtime absent; it has .*runc/,
      ],
      [
        'if there is no engine',
        { dockerHost: 'unix:///nowhere/docker.sock' },
        /no Docker Engine answers at .*DOCKER_HOST/,
      ],
    ])('%s', async (_, wrong, message) => {
      await expect(new DockerSandbox({ ...settings, ...wrong }).check()).rejects.toThrow(message);
    });

    test('if Node cannot run in the image', async () => {
      const dockerImage = 'chela-empty:latest';
      // Two blocks of zeros are a tar without files.
      await importImage(engine.docker, Readable.from([Buffer.alloc(1024)]), dockerImage);
      await expect(new DockerSandbox({ ...settings, dockerImage }).check()).rejects.toThrow(
        /could not be opened: .*\/usr\/local\/bin\/node.*No such file/,
      );
    });
  });

  describe('workers', () => {
    test('return the same rows in every kind of sandbox', { timeout: 240_000 }, async () => {
      const bubblewrap = await outcomes({ sandbox: 'bubblewrap' });
      expect(bubblewrap.map(({ status, error, rows }) => [status, error, rows.length])).toEqual([
        ['succeeded', '', 81],
        ['failed', 'the worker ended with exit code 1', 3],
        ['failed', 'the worker ended with exit code 4', 4],
      ]);
      expect(await outcomes({ sandbox: 'docker', ...engine.settings })).toEqual(bubblewrap);
      expect(await outcomes({ sandbox: 'process' })).toEqual(bubblewrap);
    });
  });

  test('the engine has no containers left afterwards', async () => {
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
  });
});
