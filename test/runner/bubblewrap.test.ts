import dgram from 'node:dgram';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { inheritedDescriptors } from '../../src/host/inherited-descriptors.ts';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import { eventually } from '../platform/support/eventually.ts';
import {
  answerOf,
  finish,
  firstUserId,
  makeMark,
  makeReachableFolder,
  openWorker,
  processesMarked,
  removeFolder,
  writePackage,
} from './worker-package.ts';

const runsAsRoot = process.getuid?.() === 0;

let cacheDir: string;
let sandbox: BubblewrapSandbox;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
});
afterAll(async () => removeFolder(cacheDir));

/** Runs the body of an async function inside a sandbox and returns its result; a thrown error is its code. */
async function inside(body: string, overrides?: Parameters<typeof answerOf>[2]): Promise<unknown> {
  const code = `
    const fs = require('node:fs'), net = require('node:net'), dgram = require('node:dgram'), dns = require('node:dns');
    const os = require('node:os'), childProcess = require('node:child_process');
    const code = (action) => { try { return action() } catch (error) { return error.code } };
    const outcome = (emitter, event) => new Promise((resolve) => {
      emitter.once('error', (error) => resolve(error.code)); emitter.once(event, () => resolve(event)) });
    (async () => { ${body} })().catch((error) => error.code ?? error.message)
      .then((value) => fs.writeSync(1, JSON.stringify(value ?? null)));`;
  return answerOf(sandbox, code, overrides);
}

describe('network', () => {
  test('a server on the host cannot be reached by TCP', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    expect(await inside(`return outcome(net.connect(${port}, '127.0.0.1'), 'connect')`)).toBe('ECONNREFUSED');
  });

  test('a server on the host cannot be reached by its abstract socket', async () => {
    const name = makeMark();
    const server = net.createServer().listen(`\0${name}`);
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    expect(await inside(`return outcome(net.connect('\\0${name}'), 'connect')`)).toBe('ECONNREFUSED');
  });

  test('a datagram to the host is not delivered', async () => {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => {
      socket.close();
    });
    await once(socket, 'listening');
    const received: string[] = [];
    socket.on('message', (message) => received.push(String(message)));
    await inside(`const socket = dgram.createSocket('udp4');
      await new Promise((resolve) => socket.send('from inside', ${socket.address().port}, '127.0.0.1', resolve));
      socket.close()`);
    const outside = dgram.createSocket('udp4');
    outside.send('from outside', socket.address().port, '127.0.0.1', () => outside.close());
    await once(socket, 'message');
    expect(received).toEqual(['from outside']);
  });

  // Addresses reserved for documentation: the host could not reach them either.
  test.each([
    ['TCP to another machine', `return outcome(net.connect(80, '192.0.2.1'), 'connect')`, 'ENETUNREACH'],
    ['TCP over IPv6', `return outcome(net.connect(80, '2001:db8::1'), 'connect')`, 'ENETUNREACH'],
    [
      'UDP to another machine',
      `return new Promise((resolve) => { const socket = dgram.createSocket('udp4');
        socket.send('x', 53, '192.0.2.1', (error) => { socket.close(); resolve(error?.code) }) })`,
      'ENETUNREACH',
    ],
    ['a lookup by the system', `return dns.promises.lookup('example.org')`, 'ENOTFOUND'],
    ['a lookup by DNS', `return dns.promises.resolve4('example.org')`, 'ECONNREFUSED'],
    ['the interfaces', `return Object.keys(os.networkInterfaces())`, ['lo']],
    [
      'host names that older workers use',
      `return (await dns.promises.lookup('chrome-ws-inner.cafescraper.com')).address`,
      '127.0.0.1',
    ],
  ])('%s', async (_, body, expected) => {
    expect(await inside(body)).toEqual(expected);
  });
});

describe('files', () => {
  test('of the host are invisible', async () => {
    const secret = path.join(cacheDir, 'secret.txt');
    await writeFile(secret, 'secret');
    const paths = [
      secret,
      cacheDir,
      '/etc/shadow',
      '/etc/hostname',
      '/root',
      '/var',
      '/sys',
      '/usr/local/sbin',
      process.cwd(),
    ];
    expect(await inside(`return ${JSON.stringify(paths)}.filter((path) => fs.existsSync(path))`)).toEqual([]);
    expect(await inside(`return fs.readdirSync('/etc').sort()`)).not.toContain('shadow');
  });

  test.each([
    '/file',
    '/etc/passwd',
    '/usr/local/bin/node',
    '/usr/bin/file',
    '/usr/share/new-file',
    '/usr/lib/new-file',
    '/dev/file',
    '/chela/node-starter.cjs',
    '/chela/waiting-starter.cjs',
    '/home/file',
    '/work/node_modules/file',
  ])('%s cannot be written', async (file) => {
    const modules = await makeReachableFolder();
    onTestFinished(async () => removeFolder(modules));
    const answer = await inside(`fs.writeFileSync('${file}', '')`, { nodeModulesDir: modules });
    expect(['EROFS', 'EACCES', 'ETXTBSY']).toContain(answer);
  });

  test.each(['/tmp/file', '/dev/shm/file', '/home/worker/file', '/work/file'])(
    '%s can be written',
    async (file) => {
      expect(
        await inside(`fs.writeFileSync('${file}', 'x'); return fs.readFileSync('${file}', 'utf8')`),
      ).toBe('x');
    },
  );

  test('/tmp and home are empty and private to the worker', async () => {
    const list = `return ['/tmp', '/home/worker', '/dev/shm'].map((folder) => fs.readdirSync(folder))`;
    await inside(`fs.writeFileSync('/tmp/left', ''); fs.writeFileSync('/home/worker/left', '')`);
    expect(await inside(list)).toEqual([[], [], []]);
  });

  test.skipIf(!runsAsRoot)('belong to the slot’s own user, not to root', async () => {
    const worker = await openWorker(sandbox, { 'main.js': `require('fs').writeFileSync('made', '')` });
    await finish(worker);
    const made = await stat(path.join(worker.scratchDir, 'work/made'));
    expect([made.uid, made.gid]).toEqual([worker.userId, worker.userId]);
    expect((await stat(path.join(worker.scratchDir, 'work'))).mode & 0o077).toBe(0);
  });

  test('descriptors of the runner are not inherited', async () => {
    // Descriptors that this process itself inherited, which the platform would have closed at its start.
    const given = JSON.stringify(inheritedDescriptors());
    const targets =
      await inside(`return fs.readdirSync('/proc/self/fd').filter((fd) => fd > 2 && !${given}.includes(Number(fd)))
      .map((fd) => code(() => fs.readlinkSync('/proc/self/fd/' + fd)))`);
    // The event loop, its wake-up pipes, Node's own /dev/null, and the listing itself, closed by the time it is inspected.
    const own = /^(anon_inode:.*|pipe:.*|\/dev\/null|ENOENT)$/;
    expect((targets as string[]).filter((target) => !own.test(target))).toEqual([]);
  });
});

describe('identity', () => {
  test.each([
    ['is not root', `return [process.getuid(), process.getgid(), process.geteuid()]`, [1000, 1000, 1000]],
    [
      'has a name and a home',
      `const { username, homedir } = os.userInfo(); return [username, homedir]`,
      ['worker', '/home/worker'],
    ],
    ['has its own host name', `return os.hostname()`, 'worker'],
    [
      'has no capability and cannot gain any',
      `return fs.readFileSync('/proc/self/status', 'utf8').match(/^(Cap\\w+|NoNewPrivs):.*$/gm)
        .map((line) => line.split(/\\s+/)).map(([name, value]) => name + Number('0x' + value))`,
      ['CapInh:0', 'CapPrm:0', 'CapEff:0', 'CapBnd:0', 'CapAmb:0', 'NoNewPrivs:1'],
    ],
    [
      'sees only its own processes',
      `return fs.readdirSync('/proc').filter((name) => Number(name) > 0).length`,
      2,
    ],
    [
      'cannot lower its OOM score',
      `return code(() => fs.writeFileSync('/proc/self/oom_score_adj', '-500'))`,
      'EACCES',
    ],
    [
      'is killed first when memory runs out',
      `return Number(fs.readFileSync('/proc/self/oom_score_adj'))`,
      1000,
    ],
  ])('%s', async (_, body, expected) => {
    expect(await inside(body)).toEqual(expected);
  });

  test('cannot create namespaces', async () => {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    await writePackage(folder, {
      'main.js': `const { status, stderr } = require('child_process').spawnSync('./unshare', ['--user', '/bin/sh', '-c', ':']);
        console.log(status, String(stderr))`,
    });
    await copyFile('/usr/bin/unshare', path.join(folder, 'unshare'));
    const worker = await openWorker(sandbox, {}, { packageDir: folder });
    expect((await finish(worker)).stdout).toMatch(/^1 .*unshare failed: No space left/);
  });

  test('keeps the environment off command lines, which every user of the host can read', async () => {
    const secret = makeMark();
    const worker = await openWorker(
      sandbox,
      { 'main.js': '' },
      { environment: { PROXY_AUTH: `user:${secret}` } },
    );
    expect(await processesMarked(secret)).toEqual([]);
    await worker.close();
  });
});

describe('limits', () => {
  test('no core dump is written', async () => {
    const body = `return /core file size\\s+(\\d+)\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/limits', 'utf8')).slice(1)`;
    expect(await inside(body)).toEqual(['0', '0']);
  });

  test('files in memory count toward the memory limit', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `require('fs').writeFileSync('/tmp/big', Buffer.alloc(25e6)); console.log('ready'); setInterval(() => {}, 1e3)`,
    });
    const before = await worker.memoryBytes();
    worker.run();
    await once(worker.stdout, 'data');
    expect((await worker.memoryBytes()) - before).toBeGreaterThan(20e6);
  });
});

describe('two sandboxes at once', () => {
  test('each have their own port 20086, and do not see each other', async () => {
    const files = {
      'main.js': `const net = require('net'), fs = require('fs');
        fs.writeFileSync('/tmp/mine', '');
        const socket = net.connect(20086, '127.0.0.1', () => socket.write('hello'));
        socket.on('data', (data) => {
          console.log(String(data), fs.readdirSync('/proc').filter((name) => Number(name) > 0).length, fs.readdirSync('/tmp').length);
          socket.end();
        })`,
    };
    const workers = await Promise.all([openWorker(sandbox, files), openWorker(sandbox, files)]);
    for (const [index, worker] of workers.entries()) {
      worker.listener(20086).on('connection', (socket: net.Socket) => {
        socket.on('data', () => socket.write(`listener ${index}`));
      });
    }
    const outputs = await Promise.all(workers.map(async (worker) => (await finish(worker)).stdout));
    expect(outputs).toEqual(['listener 0 2 1\n', 'listener 1 2 1\n']);
  });
});

/** Starts a process that leaves its parent, group and session, and ignores every signal it can. */
function daemon(mark: string): string {
  return `const daemon = require('child_process').spawn('/bin/sh',
      ['-c', 'trap "" TERM HUP INT; (sh -c "trap \\\\"\\\\" TERM; echo ready; while :; do read x < /dev/zero; done" ${mark} &) ; exit 0'],
      { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    daemon.stdout.on('data', (data) => process.stdout.write(data, () => process.emit('daemon')));`;
}

/** Ids of zombie processes of the kinds that a sandbox has. */
async function zombies(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const states = await Promise.all(
    pids.map(async (pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return states
    .filter((state) => /\((bwrap|sh|node)\) Z/.test(state))
    .map((state) => state.split(' ')[0] ?? '');
}

describe('the end', () => {
  test('leaves no zombie on the host', async () => {
    const before = new Set(await zombies());
    for (const code of [
      '',
      'process.exit(3)',
      `require('child_process').spawn('/bin/sh', ['-c', 'read x'])`,
    ]) {
      const worker = await openWorker(sandbox, {
        'main.js': `${code}; setTimeout(() => process.exit(), 10)`,
      });
      worker.run();
      await worker.exited;
      await worker.close();
    }
    // Processes of other tests are zombies too, until their parents collect them.
    const added = (await zombies()).filter((pid) => !before.has(pid));
    await eventually(async () => {
      const present = new Set(await zombies());
      expect(added.filter((pid) => present.has(pid))).toEqual([]);
      return true;
    });
  });

  test('kills daemons that ignore SIGTERM, by terminate()', async () => {
    const mark = makeMark();
    const worker = await openWorker(sandbox, {
      'main.js': `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ${daemon(mark)}`,
    });
    worker.run();
    await once(worker.stdout, 'data');
    expect(await processesMarked(mark)).not.toEqual([]);
    await worker.terminate(10);
    expect(await processesMarked(mark)).toEqual([]);
    expect(await worker.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
  });

  test('of the worker ends what it started', async () => {
    const mark = makeMark();
    const worker = await openWorker(sandbox, {
      'main.js': `${daemon(mark)} process.on('daemon', () => process.exit(6))`,
    });
    expect(await finish(worker)).toMatchObject({ exitCode: 6, stdout: 'ready\n' });
    await worker.close();
    expect(await processesMarked(mark)).toEqual([]);
  });

  test('sends SIGTERM to daemons too before it kills', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);
        require('child_process').spawn(process.execPath, ['child.js'], { detached: true, stdio: 'inherit' })
          .on('exit', (code) => process.exit(code))`,
      'child.js': `process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); console.log('ready')`,
    });
    worker.run();
    await once(worker.stdout, 'data');
    await worker.terminate(30_000);
    expect(await worker.exited).toEqual({ exitCode: 9, signal: null });
  });
});

describe('the cache folder', () => {
  test('gets one runtime for all sandboxes, even if many start at once', async () => {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    const sandboxes = [1, 2].map(
      () => new BubblewrapSandbox({ cacheDir: folder, sandboxUserId: firstUserId }),
    );
    const workers = await Promise.all(sandboxes.map(async (each) => openWorker(each, { 'main.js': '' })));
    for (const worker of workers) expect(await finish(worker)).toMatchObject({ exitCode: 0 });
    expect(await readdir(path.join(folder, 'sandbox-runtime'))).toHaveLength(1);
  });

  test('is unchanged by check()', async () => {
    await sandbox.check();
    expect((await readdir(cacheDir)).filter((name) => name.startsWith('sandbox-check'))).toEqual([]);
  });

  test('a package in use is never modified', async () => {
    const worker = await openWorker(sandbox, {
      'main.js': `const fs = require('fs'); fs.chmodSync('run.sh', 0o644); fs.rmSync('data', { recursive: true });
        fs.writeFileSync('main.js', 'gone')`,
      'run.sh': '#!/bin/sh\n',
      'data/one.txt': '1',
    });
    expect(await finish(worker)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readFile(path.join(worker.packageDir, 'data/one.txt'), 'utf8')).toBe('1');
    expect(await readFile(path.join(worker.packageDir, 'main.js'), 'utf8')).toContain('chmodSync');
  });

  test('execute bits and links of a package survive copying', async () => {
    const folder = await makeReachableFolder();
    onTestFinished(async () => removeFolder(folder));
    const packageDir = path.join(folder, 'prepared');
    await mkdir(packageDir);
    await writePackage(packageDir, {
      'main.js': `console.log(String(require('child_process').execFileSync('./tool')), require('fs').readlinkSync('link'))`,
      tool: '#!/bin/sh\necho tool ran\n',
    });
    await chmod(path.join(packageDir, 'tool'), 0o555);
    await symlink('tool', path.join(packageDir, 'link'));
    const worker = await openWorker(sandbox, {}, { packageDir });
    expect((await finish(worker)).stdout).toBe('tool ran\n tool\n');
  });
});
