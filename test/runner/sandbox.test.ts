import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Sandbox } from '../../src/runner/sandbox.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { ProcessSandbox } from '../../src/runner/sandboxes/process.ts';
import { starterFile } from '../../src/runner/sandboxes/runtime-folder.ts';
import { eventually } from '../platform/support/eventually.ts';
import {
  AheadSandbox,
  finish,
  firstUserId,
  makeMark,
  makeReachableFolder,
  openWorker,
  processesMarked,
  removeFolder,
  writePackage,
} from './worker-package.ts';
import type { Finished, PackageFiles } from './worker-package.ts';

let cacheDir: string;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
});
afterAll(async () => removeFolder(cacheDir));

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
  'process.exitCode with work going on': {
    'main.js': `process.exitCode = 5; setTimeout(() => console.log('late'), 20)`,
  },
  'an exception at the start': { 'main.js': `throw new TypeError('no luck')` },
  'an exception later': { 'main.js': `setTimeout(() => { throw new Error('later') }, 1)` },
  'a rejection nobody handles': { 'main.js': `Promise.reject(new Error('unhandled'))` },
  'a rejection in an ES module': { ...esm, 'main.js': `await Promise.reject(new Error('unhandled'))` },
  'a syntax error': { 'main.js': `let let = 1` },
  'a missing module': { 'main.js': `require('./absent.js')` },
  'an end by signal': { 'main.js': `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)` },
  'an abort': { 'main.js': `process.kill(process.pid, 'SIGABRT'); setInterval(() => {}, 1000)` },
  'handlers of exit': {
    'main.js': `process.on('exit', (code) => console.log('exit', code)); process.exitCode = 3`,
  },
  'a handler of exceptions': {
    'main.js': `process.on('uncaughtException', (e) => console.log('caught', e.message)); throw new Error('x')`,
  },
  'a handler of its own signal': {
    'main.js': `process.once('SIGUSR2', () => { console.log('got it'); clearInterval(t) });
      const t = setInterval(() => {}, 1000); process.kill(process.pid, 'SIGUSR2')`,
  },
  'the properties of process': {
    'main.js': `console.log(Reflect.ownKeys(process).map(String).sort().join(), typeof process.send, process.connected,
      process.execArgv, process.argv.length, require('path').basename(process.argv[1]),
      process.eventNames().map((name) => [name, process.listenerCount(name)]),
      Object.keys(process.env).filter((name) => name.startsWith('NODE')))`,
  },
  'the resources that keep it alive': { 'main.js': `console.log(process.getActiveResourcesInfo())` },
  'a child of its own': {
    'main.js': `const child = require('child_process').fork('./child.js');
      child.on('message', (m) => { console.log('child says', m); child.disconnect() })`,
    'child.js': `process.send(process.argv.length)`,
  },
};

/** What node printed of an error, less the stack: it shows where the program was started from. */
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

const kinds: Record<string, () => Sandbox> = {
  bubblewrap: () => new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId }),
  'bubblewrap, opened ahead': () => new AheadSandbox(cacheDir),
  process: () => new ProcessSandbox(),
};

describe.each(Object.entries(kinds))('sandbox kind %s', (_, make) => {
  let sandbox: Sandbox;
  beforeAll(() => {
    sandbox = make();
  });

  test('finds what it needs on this machine', async () => {
    await expect(sandbox.check()).resolves.toBeUndefined();
  });

  test.each(Object.entries(programs))('runs a worker as node does: %s', async (_name, files) => {
    const [here, plain] = await Promise.all([openWorker(sandbox, files).then(finish), runByNode(files)]);
    expect(withoutStack(here)).toEqual(withoutStack(plain));
  });

  test('runs no line of the worker before run()', async () => {
    const worker = await openWorker(sandbox, { 'main.js': `console.log('ran')` });
    expect(worker.stdout.read()).toBeNull();
    expect(await finish(worker)).toMatchObject({ stdout: 'ran\n', exitCode: 0 });
  });

  test('hands what connects to port 20086 to the runner', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const socket = require('net').connect(20086, '127.0.0.1');
        socket.on('data', (data) => { console.log(String(data)); socket.end() })`,
    });
    worker.listener(20086).on('connection', (socket: net.Socket) => socket.end('from the runner'));
    expect((await finish(worker)).stdout).toBe('from the runner\n');
  });

  test('hands each of its ports to the runner, and no other', async () => {
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

  test('gives the worker the environment it was handed, and four variables more', async () => {
    const worker = await openWorker(
      sandbox,
      { 'main.js': `console.log(JSON.stringify(process.env))` },
      { environment: { PROXY_AUTH: 'user:pass word', EMPTY: '' } },
    );
    const { PWD: _, ...environment } = JSON.parse((await finish(worker)).stdout) as Record<string, string>;
    expect(Object.keys(environment).toSorted()).toEqual([
      'EMPTY',
      'HOME',
      'LANG',
      'PATH',
      'PROXY_AUTH',
      'TMPDIR',
    ]);
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
    // Far below the limit an upper bound is enough; how far a process has grown since, it may tell or not.
    expect(await worker.memoryBytes(10e9)).toBeGreaterThan(150e6);
  });

  test('lets a worker end by itself within the grace', async () => {
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

  test('can be terminated before it ran, and closed twice', async () => {
    const worker = await openWorker(sandbox, { 'main.js': '' });
    await worker.terminate(0);
    expect(await worker.exited).toMatchObject({ exitCode: null });
    await Promise.all([worker.close(), worker.close()]);
    expect(worker.listener(20086).listening).toBe(false);
    await worker.terminate(1000);
    expect(await worker.memoryBytes()).toBe(0);
  });

  test('says why a sandbox could not be opened, and opens the next one', async () => {
    const nodeModulesDir = '/nowhere/node_modules';
    await expect(openWorker(sandbox, { 'main.js': '' }, { nodeModulesDir })).rejects.toThrow(nodeModulesDir);
    expect(await finish(await openWorker(sandbox, { 'main.js': '' }))).toMatchObject({ exitCode: 0 });
  });
});

describe('sandbox kind process', () => {
  test('has a second worker wait until the first is closed', async () => {
    const sandbox = new ProcessSandbox();
    const first = await openWorker(sandbox, { 'main.js': '' });
    const order: string[] = [];
    const second = openWorker(new ProcessSandbox(), { 'main.js': '' }).then(() =>
      order.push('second opened'),
    );
    await finish(first);
    order.push('first ended');
    await first.close();
    await second;
    expect(order).toEqual(['first ended', 'second opened']);
  });

  test('says what to do when something else holds the port', async () => {
    const held = await openWorker(new ProcessSandbox(), { 'main.js': '' });
    const squatter = net.createServer();
    onTestFinished(() => {
      squatter.close();
    });
    await held.close();
    await once(squatter.listen(20086, '127.0.0.1'), 'listening');
    await expect(openWorker(new ProcessSandbox(), { 'main.js': '' })).rejects.toThrow(
      /port 20086.*CHELA_SANDBOX/,
    );
  });
});

test.runIf(process.platform === 'linux')(
  'a starter whose runner dies before it has its listeners ends',
  async () => {
    // The runner takes no handle any more: it stops as soon as the starter is there. env(1) as the sandboxes have it.
    const command = ['-u', 'NODE_CHANNEL_FD', '-u', 'NODE_CHANNEL_SERIALIZATION_MODE'];
    command.push(process.execPath, starterFile, '3', '', '0,0');
    const runner = `const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
    const child = require('child_process').spawn('/usr/bin/env', ${JSON.stringify(command)}, { stdio });
    require('fs').writeSync(1, String(child.pid)); process.kill(process.pid, 'SIGSTOP')`;
    const child = spawn(process.execPath, ['-e', runner], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    const starter = Number(printed);
    const sockets = async (): Promise<number> => {
      const names = await readdir(`/proc/${starter}/fd`);
      const targets = await Promise.all(
        names.map((name) => readlink(`/proc/${starter}/fd/${name}`).catch(() => '')),
      );
      return targets.filter((target) => target.startsWith('socket:')).length;
    };
    await eventually(async () => ((await sockets()) === 3 ? true : undefined));
    child.kill('SIGKILL');
    await eventually(async () => (existsSync(`/proc/${starter}/exe`) ? undefined : true), 10_000);
    expect(existsSync(`/proc/${starter}/exe`)).toBe(false);
  },
);
