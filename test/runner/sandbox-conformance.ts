/** The part of the contract in src/runner/sandbox.ts that every kind of sandbox keeps. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile } from 'node:fs/promises';
import type net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { nodeLaunch } from '../../src/runner/dependencies/launch.ts';
import type { Sandbox, SandboxLimits } from '../../src/runner/sandbox.ts';
import { eventually } from '../platform/support/eventually.ts';
import {
  answerOf,
  finish,
  makeMark,
  makeReachableFolder,
  openWorker,
  processesMarked,
  removeFolder,
  writePackage,
} from './worker-package.ts';
import type { Finished, PackageFiles } from './worker-package.ts';

const esm = { 'package.json': '{"type": "module"}' };
const programs: Record<string, PackageFiles> = {
  'a CommonJS entry is the main module': {
    'main.js': `console.log(require.main === module, module.id, module.children.length, Object.keys(require.cache).length)`,
  },
  'an ES module entry': {
    ...esm,
    'main.js': `import { basename } from 'node:path'; console.log(basename(import.meta.url), import.meta.main)`,
  },
  'an ES module entry without package.json': { 'main.js': `import 'node:fs'; console.log(typeof require)` },
  'top-level await that never settles': { ...esm, 'main.js': `await new Promise(() => {})` },
  'output on both streams': { 'main.js': `console.log('out'); console.error('err')` },
  'process.exit with a code': { 'main.js': `process.exit(7)` },
  'process.exitCode while work continues': {
    'main.js': `process.exitCode = 5; setTimeout(() => console.log('late'), 20)`,
  },
  'an exception at the start': { 'main.js': `throw new TypeError('no luck')` },
  'an exception later': { 'main.js': `setTimeout(() => { throw new Error('later') }, 1)` },
  'an unhandled rejection': { 'main.js': `Promise.reject(new Error('unhandled'))` },
  'a rejection in an ES module': { ...esm, 'main.js': `await Promise.reject(new Error('unhandled'))` },
  'a syntax error': { 'main.js': `let let = 1` },
  'a missing module': { 'main.js': `require('./absent.js')` },
  'an exit by signal': { 'main.js': `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)` },
  'an abort': { 'main.js': `process.kill(process.pid, 'SIGABRT'); setInterval(() => {}, 1000)` },
  'exit handlers': {
    'main.js': `process.on('exit', (code) => console.log('exit', code)); process.exitCode = 3`,
  },
  'an exception handler': {
    'main.js': `process.on('uncaughtException', (e) => console.log('caught', e.message)); throw new Error('x')`,
  },
  'a handler of a signal to itself': {
    'main.js': `process.once('SIGUSR2', () => { console.log('got it'); clearInterval(t) });
      const t = setInterval(() => {}, 1000); process.kill(process.pid, 'SIGUSR2')`,
  },
  'the properties of process': {
    'main.js': `console.log(Reflect.ownKeys(process).map(String).sort().join(), typeof process.send, process.connected,
      process.execArgv, process.argv.length, require('path').basename(process.argv[1]),
      process.eventNames().map((name) => [name, process.listenerCount(name)]),
      Object.keys(process.env).filter((name) => name.startsWith('NODE_') && name !== 'NODE_EXTRA_CA_CERTS'))`,
  },
  'the resources that keep it alive': { 'main.js': `console.log(process.getActiveResourcesInfo())` },
  'a child process': {
    'main.js': `const child = require('child_process').fork('./child.js');
      child.on('message', (m) => { console.log('child says', m); child.disconnect() })`,
    'child.js': `process.send(process.argv.length)`,
  },
};

/** The error that node printed, without the stack, which shows where the program was started. */
function withoutStack({ stderr, ...rest }: Finished): Finished {
  const lines = stderr.split('\n').map((line) => line.replaceAll(/\S*\/(main|absent)\.js/g, '$1.js'));
  const kept = lines.filter(
    (line) => !/^\s+at |^\(node:|Require stack|- main\.js|^\s*$|node:internal/.test(line),
  );
  return { ...rest, stderr: kept.join('\n') };
}

async function runByNode(files: PackageFiles): Promise<Finished> {
  const folder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(folder));
  await writePackage(folder, files);
  const child = spawn(process.execPath, ['main.js'], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { stdout, stderr, exitCode, signal };
}

async function mounts(): Promise<string[]> {
  return (await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).split('\n');
}

async function descriptorCount(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length;
}

/** What a kind guarantees beyond the contract. */
export interface Promises {
  /** Limits of processes, open files, file sizes and files in memory are enforced, and dependencies are read-only. */
  readonly fences: boolean;
  /** Whether the runner can connect to what a worker serves. */
  readonly connects: boolean;
  /** The maximum of open sandboxes. */
  readonly concurrency: number;
}

/**
 * The suite.
 * @param make called when the tests start
 */
export function describeSandbox(kind: string, make: () => Sandbox, promises: Promises): void {
  describe(`sandbox kind ${kind}`, () => {
    conformance(kind, make, promises);
  });
}

function conformance(kind: string, make: () => Sandbox, { fences, connects, concurrency }: Promises): void {
  let sandbox: Sandbox;
  beforeAll(() => {
    sandbox = make();
  });

  test('finds what it needs on this machine', async () => {
    await expect(sandbox.check()).resolves.toBeUndefined();
  });

  test.each(Object.entries(programs))('runs a worker like node does: %s', async (_name, files) => {
    const [here, plain] = await Promise.all([openWorker(sandbox, files).then(finish), runByNode(files)]);
    expect(withoutStack(here)).toEqual(withoutStack(plain));
  });

  test('runs no line of the worker before run() is called', async () => {
    const worker = await openWorker(sandbox, { 'main.js': `console.log('ran')` });
    expect(worker.stdout.read()).toBeNull();
    expect(await finish(worker)).toMatchObject({ stdout: 'ran\n', exitCode: 0 });
  });

  test('passes connections to port 20086 to the runner', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const socket = require('net').connect(20086, '127.0.0.1');
        socket.on('data', (data) => { console.log(String(data)); socket.end() })`,
    });
    worker.listener(20086).on('connection', (socket: net.Socket) => socket.end('from the runner'));
    expect((await finish(worker)).stdout).toBe('from the runner\n');
  });

  test('passes connections to exactly its ports to the runner', async () => {
    const ports = [20086, 20087, 20088];
    const code = `Promise.all(${JSON.stringify([...ports, 20089])}.map((port) => new Promise((settled) => {
      const socket = require('net').connect(port, '127.0.0.1');
      socket.on('error', (error) => settled(error.code));
      socket.on('data', (data) => { socket.end(); settled(String(data)); });
    }))).then((all) => console.log(all.join()))`;
    const worker = await openWorker(sandbox, { 'main.js': code }, { ports });
    for (const port of ports) worker.listener(port).on('connection', (socket) => socket.end(`at ${port}`));
    expect((await finish(worker)).stdout).toBe('at 20086,at 20087,at 20088,ECONNREFUSED\n');
    expect(() => worker.listener(20089)).toThrow('the sandbox was not opened with port 20089');
  });

  test('connects to what its worker serves, where the kind can', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const server = require('net').createServer((socket) => socket.once('data', (data) => {
          socket.end('echo ' + data);
          server.close();
        })).listen(0, '127.0.0.1', () => console.log(server.address().port));`,
    });
    expect(worker.connect !== undefined).toBe(connects);
    worker.run();
    const [line] = (await once(worker.stdout, 'data')) as [Buffer];
    if (worker.connect === undefined) return;
    await expect(worker.connect('127.0.0.1', 9)).rejects.toThrow(/refused/i);
    const socket = await worker.connect('127.0.0.1', Number(line));
    socket.write('hello');
    expect(await text(socket)).toBe('echo hello');
    expect(await worker.exited).toMatchObject({ exitCode: 0 });
  });

  test('starts in a writable copy of the package, with node_modules beside it', async () => {
    const modules = await makeReachableFolder();
    onTestFinished(async () => removeFolder(modules));
    await writePackage(modules, { 'node_modules/thing/index.js': `module.exports = 'the thing'` });
    const worker = await openWorker(
      sandbox,
      {
        'main.js': `const fs = require('fs'); fs.writeFileSync('data/a.txt', 'changed'); fs.writeFileSync('new.txt', '');
          console.log(require('thing'), fs.readFileSync('data/a.txt', 'utf8'), __dirname === process.cwd())`,
        'data/a.txt': 'original',
        'node_modules/thing/index.js': `module.exports = 'the copy in the package'`,
      },
      { nodeModulesDir: path.join(modules, 'node_modules') },
    );
    expect((await finish(worker)).stdout).toBe('the thing changed true\n');
    expect(await readFile(path.join(worker.packageDir, 'data/a.txt'), 'utf8')).toBe('original');
  });

  test('runs an entry on another Node, which is also the one on PATH', async () => {
    const other = await makeReachableFolder();
    onTestFinished(async () => removeFolder(other));
    const binDir = path.join(other, 'bin');
    await mkdir(binDir);
    const binary = path.join(binDir, 'node');
    await link(process.execPath, binary).catch(async () => copyFile(process.execPath, binary));
    const worker = await openWorker(
      sandbox,
      {
        'main.js': `const { execSync } = require('child_process');
          console.log(process.execPath === String(execSync('node -p process.execPath')).trim());
          console.log(require('path').basename(require('path').dirname(process.execPath)), process.argv.length);
          console.log(require.main === module); process.exit(3)`,
      },
      { launch: nodeLaunch({ version: '24.0.0', binDir }) },
    );
    const folder = kind === 'process' ? 'bin' : 'node';
    expect(await finish(worker)).toMatchObject({
      stdout: `true\n${folder} 2\ntrue\n`,
      stderr: '',
      exitCode: 3,
    });
  });

  test('runs a TypeScript entry', async () => {
    const files = { 'main.ts': `const text: string = 'typed'; console.log(text satisfies string)` };
    const worker = await openWorker(sandbox, files, { entry: 'main.ts' });
    expect(await finish(worker)).toMatchObject({ stdout: 'typed\n', stderr: '', exitCode: 0 });
  });

  test('gives the worker the given environment, folders, a locale and certificates', async () => {
    const worker = await openWorker(
      sandbox,
      { 'main.js': `console.log(JSON.stringify(process.env))` },
      { environment: { PROXY_AUTH: 'user:pass word', EMPTY: '' } },
    );
    const { PWD: _, ...environment } = JSON.parse((await finish(worker)).stdout) as Record<string, string>;
    const authorities = new Set(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']);
    expect(
      Object.keys(environment)
        .filter((name) => !authorities.has(name))
        .toSorted(),
    ).toEqual(['EMPTY', 'HOME', 'LANG', 'PATH', 'PROXY_AUTH', 'TMPDIR']);
    expect(environment).toMatchObject({ PROXY_AUTH: 'user:pass word', EMPTY: '' });
  });

  test('measures the memory of the worker and its children', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const child = require('child_process').fork('./child.js');
        child.on('message', () => console.log('ready'))`,
      'child.js': `global.kept = Buffer.alloc(150e6, 1); process.send('ready'); setInterval(() => {}, 1000)`,
    });
    worker.run();
    await once(worker.stdout, 'data');
    const bytes = await worker.memoryBytes();
    expect(bytes).toBeGreaterThan(150e6);
    expect(bytes).toBeLessThan(600e6);
    // Far below the limit an upper bound is enough; further growth may or may not be reported.
    expect(await worker.memoryBytes(10e9)).toBeGreaterThan(150e6);
  });

  test('measures the processor time of the worker and its children', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `require('child_process').fork('./child.js').on('message', () => console.log('ready'))`,
      'child.js': `for (let used = 0; used < 1_100_000;) { for (let n = 0; n < 1e6; n += 1);
        const { user, system } = process.cpuUsage(); used = user + system } process.send('done'); setInterval(() => {}, 1000)`,
    });
    worker.run();
    await once(worker.stdout, 'data');
    const seconds = await worker.cpuSeconds();
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThan(30);
  });

  test('lets a worker exit by itself within the grace period', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `process.on('SIGTERM', () => { console.log('bye'); process.exit(4) });
        setInterval(() => {}, 1000); console.log('ready')`,
    });
    worker.run();
    await once(worker.stdout, 'data');
    const output = text(worker.stdout);
    await worker.terminate(30_000);
    expect(await worker.exited).toEqual({ exitCode: 4, signal: null });
    expect(await output).toBe('bye\n');
  });

  test('kills a worker and its children that ignore SIGTERM', async () => {
    const mark = makeMark();
    const worker = await openWorker(sandbox, {
      'main.js': `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
        require('child_process').fork('./child.js', ['${mark}']).on('message', () => console.log('ready'))`,
      'child.js': `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.send('ready')`,
    });
    worker.run();
    await once(worker.stdout, 'data');
    expect(await processesMarked(mark)).toHaveLength(1);
    const slow = worker.terminate(60_000);
    await worker.terminate(10);
    await slow;
    expect(await worker.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
    expect(await processesMarked(mark)).toEqual([]);
  });

  test('can be terminated before run(), and closed twice', async () => {
    const worker = await openWorker(sandbox, { 'main.js': '' });
    await worker.terminate(0);
    expect(await worker.exited).toMatchObject({ exitCode: null });
    await Promise.all([worker.close(), worker.close()]);
    expect(worker.listener(20086).listening).toBe(false);
    await worker.terminate(1000);
    expect(await worker.memoryBytes()).toBe(0);
  });

  test('reports why a sandbox could not be opened, and opens the next one', async () => {
    const nodeModulesDir = '/nowhere/node_modules';
    await expect(openWorker(sandbox, { 'main.js': '' }, { nodeModulesDir })).rejects.toThrow(nodeModulesDir);
    expect(await finish(await openWorker(sandbox, { 'main.js': '' }))).toMatchObject({ exitCode: 0 });
  });

  test("buffers a worker's output while nobody reads it, and blocks the worker", async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const fs = require('fs'); const line = 'x'.repeat(1023) + '\\n';
        for (let i = 0; i < 20000; i += 1) fs.writeSync(1, line);
        fs.writeFileSync('printed', ''); console.error('all printed')`,
    });
    worker.run();
    await once(worker.stdout, 'readable');
    const printed = path.join(worker.scratchDir, 'work/printed');
    expect(existsSync(printed)).toBe(false);
    const [stdout, stderr, exit] = await Promise.all([
      text(worker.stdout),
      text(worker.stderr),
      worker.exited,
    ]);
    expect([stdout.length, new Set(stdout.split('\n')).size, stderr]).toEqual([
      20_000 * 1024,
      2,
      'all printed\n',
    ]);
    expect(exit).toMatchObject({ exitCode: 0 });
    expect(existsSync(printed)).toBe(true);
  });

  const lines = `for (let n = 0; n < 2000; n += 1) console.log(n + ' ' + 'z'.repeat(300));
    for (let n = 0; n < 2000; n += 1) console.error(n + ' ' + 'z'.repeat(300));`;
  const sudden: Record<string, [string, number]> = {
    'process.exit()': [`${lines} process.exit(0)`, 0],
    'an exception': [`${lines} throw new Error('the end')`, 1],
    'process.exit() of an ES module': [`import 'node:fs'; ${lines} process.exit(3)`, 3],
  };
  test.each(Object.entries(sudden))(
    'keeps all that was printed before %s',
    async (_name, [code, exitCode]) => {
      const worker = await openWorker(sandbox, { 'main.js': code });
      worker.run();
      // It has begun, and nobody reads on: the pipes are full by the end.
      await once(worker.stdout, 'readable');
      const [stdout, stderr, end] = await Promise.all([
        text(worker.stdout),
        text(worker.stderr),
        worker.exited,
      ]);
      expect(end).toMatchObject({ exitCode });
      for (const printed of [stdout, stderr]) expect(printed.match(/^\d+ z{300}$/gm)).toHaveLength(2000);
    },
  );

  test('delivers what a worker sends right before it exits, and large amounts in both directions', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const net = require('net'); const echo = net.connect(20086, '127.0.0.1'); let count = 0;
        echo.end(Buffer.alloc(8e6, 1)); echo.on('data', (data) => { count += data.length });
        echo.on('end', () => { const last = net.connect(20086, '127.0.0.1', () => {
          last.write('bye ' + count, () => process.exit(2)) }) })`,
    });
    const heard: string[] = [];
    worker.listener(20086).on('connection', (socket: net.Socket) => {
      if (heard.push('') === 1) socket.pipe(socket);
      else socket.on('data', (data) => (heard[1] += String(data)));
    });
    expect(await finish(worker)).toMatchObject({ exitCode: 2, stderr: '' });
    await eventually(async () => (heard[1] === 'bye 8000000' ? true : undefined));
  });

  test('opens several at once, each with its own ports', async () => {
    const count = Math.min(concurrency, 3);
    const files = {
      'main.js': `require('net').connect(20086, '127.0.0.1').on('data', (data) => { console.log(String(data)); process.exit() })`,
    };
    const workers = await Promise.all(Array.from({ length: count }, async () => openWorker(sandbox, files)));
    for (const [index, worker] of workers.entries()) {
      worker.listener(20086).on('connection', (socket: net.Socket) => socket.write(`listener ${index}`));
    }
    const outputs = await Promise.all(workers.map(async (worker) => (await finish(worker)).stdout));
    expect(outputs).toEqual(workers.map((_, index) => `listener ${index}\n`));
  });

  test('leaves no process, descriptor, mount or file behind', async () => {
    const mark = makeMark();
    const files = {
      'main.js': `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)', '${mark}'],
        { stdio: 'ignore' }).once('spawn', () => process.exit(1))`,
    };
    const runOnce = async (): Promise<void> => {
      const worker = await openWorker(sandbox, files);
      expect(await finish(worker)).toMatchObject({ exitCode: 1 });
      await worker.close();
      expect(
        (await readdir(worker.scratchDir, { recursive: true, withFileTypes: true })).filter(
          (entry) => !entry.isFile() && !entry.isDirectory(),
        ),
      ).toEqual([]);
    };
    await runOnce();
    const before = [await mounts(), await descriptorCount()] as const;
    await runOnce();
    await eventually(async () => {
      // Other programs of this machine may remove theirs meanwhile.
      expect((await mounts()).filter((mount) => !before[0].includes(mount))).toEqual([]);
      expect(await processesMarked(mark)).toEqual([]);
      // Keep-alive connections may have been closed since.
      expect(await descriptorCount()).toBeLessThanOrEqual(before[1]);
      return true;
    });
  });

  const mebibyte = 1024 * 1024;
  const tight = { processes: 40, openFiles: 100, fileSizeBytes: mebibyte, tmpBytes: 4 * mebibyte };
  const code = `const fs = require('fs'); const code = (action) => { try { action(); return 'nothing' } catch (e) { return e.code } };`;
  const excesses: Record<string, [string, string, Partial<SandboxLimits>?]> = {
    'the size of a file is limited': [
      `code(() => fs.writeFileSync('/work/big', Buffer.alloc(2e6)))`,
      'EFBIG',
    ],
    'the number of descriptors is limited': [`code(() => { for (;;) fs.openSync('/dev/null') })`, 'EMFILE'],
    'the size of /tmp is limited': [
      `code(() => fs.writeFileSync('/tmp/big', Buffer.alloc(5e6)))`,
      'ENOSPC',
      { fileSizeBytes: 100 * mebibyte },
    ],
    'the size of /dev/shm is limited': [
      `code(() => fs.writeFileSync('/dev/shm/big', Buffer.alloc(5e6)))`,
      'ENOSPC',
      { fileSizeBytes: 100 * mebibyte },
    ],
    'dependencies are read-only': [`code(() => fs.writeFileSync('/work/node_modules/file', ''))`, 'EROFS'],
  };
  test.runIf(fences).each(Object.entries(excesses))('%s', async (_name, [body, expected, limits]) => {
    const modules = await makeReachableFolder();
    onTestFinished(async () => removeFolder(modules));
    const options = { limits: { ...tight, ...limits }, nodeModulesDir: modules };
    expect(await answerOf(sandbox, `${code} console.log(JSON.stringify(${body}))`, options)).toBe(expected);
  });

  test.runIf(fences)('a fork bomb is stopped by the process limit', async () => {
    const body = `const { spawn } = require('child_process'); (async () => {
      for (let i = 0; i < 100; i += 1) {
        const child = spawn('/bin/sh', ['-c', 'read x'], { stdio: ['pipe', 'ignore', 'ignore'] });
        const result = await new Promise((settled) => {
          child.once('error', (error) => settled(error.code)); child.once('spawn', () => settled('')) });
        if (result !== '') { console.log(JSON.stringify([result, i < 64])); process.exit() }
      } })()`;
    expect(await answerOf(sandbox, body, { limits: { ...tight, openFiles: 1000 } })).toEqual([
      'EAGAIN',
      true,
    ]);
  });
}
