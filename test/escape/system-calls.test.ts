/** Makes system calls that workers are refused, with Perl, which every Debian has and which has `syscall`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BubblewrapSandbox } from '../../src/runner/sandboxes/bubblewrap.ts';
import {
  answerOf,
  finish,
  firstUserId,
  makeReachableFolder,
  openWorker,
  removeFolder,
  writePackage,
} from '../runner/worker-package.ts';

const perl = '/usr/bin/perl';
/** The numbers of the calls are those of x64. */
const canCall = process.arch === 'x64' && existsSync(perl);

let cacheDir: string;
let sandbox: BubblewrapSandbox;
beforeAll(async () => {
  cacheDir = await makeReachableFolder();
  sandbox = new BubblewrapSandbox({ cacheDir, sandboxUserId: firstUserId });
});
afterAll(async () => removeFolder(cacheDir));

/** Makes each call in a separate process in one sandbox. @returns the name of each error, or `done` if there was none */
async function outcomes(calls: readonly string[]): Promise<string[]> {
  const folder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(folder));
  const code = `const { spawnSync } = require('node:child_process');
    console.log(JSON.stringify(${JSON.stringify(calls)}.map((call) => {
      const script = 'my $r = syscall(' + call + '); print $r == -1 ? $! + 0 : 0';
      const { stdout, signal } = spawnSync('./perl', ['-e', script]);
      return signal ?? String(stdout);
    })))`;
  await writePackage(folder, { 'main.js': code });
  await copyFile(perl, path.join(folder, 'perl'));
  await chmod(path.join(folder, 'perl'), 0o755);
  const { stdout } = await finish(await openWorker(sandbox, {}, { packageDir: folder }));
  const names = new Map(Object.entries(os.constants.errno).map(([name, number]) => [number, name]));
  return (JSON.parse(stdout) as string[]).map((answer) => {
    if (answer === '0') return 'done';
    return names.get(Number(answer)) ?? `unexpected result: ${answer}`;
  });
}

/** Arguments in memory, as variables, because Perl passes only writable strings to system calls. */
const text = (value: string): string => `my $t${value.length} = "${value}"`;
const packed = (template: string, ...values: number[]): string =>
  `my $p${values.length} = pack("${template}", ${values.join(', ')})`;

describe.skipIf(!canCall)('a system call', () => {
  const refused: Record<string, string> = {
    'a raw socket of ICMP': '41, 2, 3, 1',
    'a raw socket of TCP': '41, 2, 3, 6',
    'a raw socket of IPv6': '41, 10, 3, 58',
    'a packet socket': '41, 17, 3, 768',
    'mount of a tmpfs': `165, ${text('none')}, ${text('/tmp')}, ${text('tmpfs')}, 0, 0`,
    'remounting as writable': `165, ${text('none')}, ${text('/')}, 0, 4128, 0`,
    unmount: `166, ${text('/proc')}, 2`,
    pivot_root: `155, ${text('/tmp')}, ${text('/tmp')}`,
    chroot: `161, ${text('/tmp')}`,
    'a user namespace': '272, 0x10000000',
    'a mount namespace': '272, 0x20000',
    'a network namespace': '272, 0x40000000',
    'a process namespace': '272, 0x20000000',
    'a block device': `133, ${text('/tmp/disk')}, 060660, 0x800`,
    'the memory device': `133, ${text('/tmp/memory')}, 020660, 0x101`,
    'becoming root': '105, 0',
    'becoming the group of root': '106, 0',
    'a socket to the hypervisor': '41, 40, 1, 0',
    'a memory file, which no limit counts': `319, ${text('bomb')}, 0`,
    'System V shared memory': '29, 0, 4096, 0x3b6',
    'a System V message queue': '68, 0, 0x3b6',
    'a key': `248, ${text('user')}, ${text('named')}, ${text('secret')}, 6, -3`,
    'a key ring': '250, 1, 0',
    'a BPF program': '321, 0, 0, 0',
    'an io_uring': `425, 8, ${packed('x120', 0)}`,
    'handling page faults': '323, 0',
    'performance counters': '298, 0, 0, -1, -1, 0',
    'a call of the x32 interface': '0x40000027',
    'groups of root': `116, 1, ${packed('I', 0)}`,
    'a host name': `170, ${text('other')}, 5`,
    'the clock': `227, 0, ${packed('qq', 0, 0)}`,
    'a restart': '169, 0xfee1dead, 672274793, 0x1234567, 0',
    'a kernel module': '313, 0, 0, 0',
    'I/O ports': '172, 3',
    'files by handle': `304, -100, ${packed('IIx128', 8, 1)}, 0`,
    'swapping to a file': `167, ${text('/tmp/swap')}, 0`,
    accounting: `163, ${text('/tmp/acct')}`,
    'tracing a process of the host': `101, 16, ${process.pid}, 0, 0`,
    'reading memory of the host': `310, ${process.pid}, ${packed('QQ', 4096, 1)}, 1, ${packed('QQx', 4096, 1, 0)}, 1, 0`,
    'a signal to the runner': `62, ${process.pid}, 9`,
    'a descriptor of the runner': `434, ${process.pid}, 0`,
    'tracing the first process': '101, 16, 1, 0, 0',
    'seizing the first process': '101, 0x4206, 1, 0, 0',
    'a descriptor of a process': '438, 3, 1, 0',
    'reading memory of a process': `310, 1, ${packed('QQ', 4096, 1)}, 1, ${packed('QQx', 4096, 1, 0)}, 1, 0`,
    'writing memory of a process': `311, 1, ${packed('QQ', 4096, 1)}, 1, ${packed('QQx', 4096, 1, 0)}, 1, 0`,
    'comparing descriptors of processes': '312, 1, 1, 0, 0, 0',
    'a higher priority': '141, 0, 0, -10',
    'real time': `144, 0, 1, ${packed('I', 50)}`,
  };

  test('that needs a privilege is refused', async () => {
    const names = Object.keys(refused);
    const answers = await outcomes(Object.values(refused));
    const refusals = new Set(['EPERM', 'EACCES', 'ESRCH', 'ENOSPC', 'EAFNOSUPPORT', 'ENOSYS']);
    // The sandbox has no user id 0 at all.
    const noSuchId = new Set(['becoming root', 'becoming the group of root']);
    const allowed = names
      .map((name, index) => ({ name, answer: answers[index] ?? '' }))
      .filter(({ name, answer }) => !refusals.has(answer) && !(noSuchId.has(name) && answer === 'EINVAL'));
    expect(allowed).toEqual([]);
  });
});

test('the first process reveals nothing about itself', async () => {
  const body = `const fs = require('node:fs');
    const code = (action) => { try { return action() } catch (error) { return error.code } };
    console.log(JSON.stringify([
      code(() => fs.readdirSync('/proc/1/fd')), code(() => fs.readdirSync('/proc/1/fdinfo')),
      ...['environ', 'maps', 'auxv'].map((name) => code(() => fs.readFileSync('/proc/1/' + name, 'latin1'))),
      code(() => fs.openSync('/proc/1/mem', 'r+')),
      ...['root', 'cwd', 'exe'].map((name) => code(() => fs.readlinkSync('/proc/1/' + name))),
      code(() => fs.readFileSync('/chela/sh')), code(() => fs.chmodSync('/chela/sh', 0o755)),
    ]))`;
  const answers = (await answerOf(sandbox, body)) as string[];
  expect(answers.filter((answer) => !['EACCES', 'EPERM', 'EROFS'].includes(answer))).toEqual([]);
});

test.skipIf(!canCall)('a debugger can trace the worker’s own processes', async () => {
  // The child requests tracing and stops. The tracer sees that it is stopped, and lets it continue to its end.
  const script = `my $child = fork();
    if (!$child) { syscall(101, 0, 0, 0, 0) == 0 or exit 9; kill STOP => $$; exit 7 }
    waitpid($child, 2); open(my $stat, "/proc/$child/stat"); my ($state) = <$stat> =~ /\\) (\\w)/;
    syscall(101, 7, $child, 1, 0); waitpid($child, 0); print $state, " ", $? >> 8`;
  const folder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(folder));
  await writePackage(folder, {
    'main.js': `console.log(String(require('node:child_process').spawnSync('./perl', ['-e', ${JSON.stringify(script)}]).stdout))`,
  });
  await copyFile(perl, path.join(folder, 'perl'));
  await chmod(path.join(folder, 'perl'), 0o755);
  const { stdout } = await finish(await openWorker(sandbox, {}, { packageDir: folder }));
  expect(stdout).toBe('t 7\n');
});

test('a program with the setuid bit keeps the worker’s user', async () => {
  const body = `const fs = require('node:fs');
    fs.copyFileSync('/usr/bin/sh', '/work/sh'); fs.chmodSync('/work/sh', 0o6755);
    const { stdout } = require('node:child_process').spawnSync('/work/sh', ['-p', '-c', 'read x < /proc/self/status; ' +
      'while read name real effective rest; do case $name in Uid:|Gid:) echo $effective;; esac; done < /proc/self/status']);
    const flag = /^NoNewPrivs:\\s*(\\d)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];
    console.log(JSON.stringify([...String(stdout).trim().split('\\n'), flag]))`;
  expect(await answerOf(sandbox, body)).toEqual(['1000', '1000', '1']);
});

test('only harmless devices exist', async () => {
  const body = `console.log(JSON.stringify(require('node:fs').readdirSync('/dev').sort()))`;
  const harmless = [
    'console',
    'core',
    'fd',
    'full',
    'null',
    'ptmx',
    'pts',
    'random',
    'shm',
    'stderr',
    'stdin',
  ];
  const known = new Set([...harmless, 'stdout', 'tty', 'urandom', 'zero']);
  expect(((await answerOf(sandbox, body)) as string[]).filter((name) => !known.has(name))).toEqual([]);
});

test('a socket in the host’s file system cannot be reached', async () => {
  const folder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(folder));
  const socketPath = path.join(folder, '.s.PGSQL.5432');
  const server = net.createServer().listen(socketPath);
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  await chmod(socketPath, 0o777);
  const body = `const fs = require('node:fs');
    fs.symlinkSync('${socketPath}', '/work/link');
    Promise.all(['${socketPath}', '/work/link', '/proc/1/root${socketPath}'].map((path) => new Promise((settled) => {
      require('node:net').connect(path).on('error', (error) => settled(error.code)).on('connect', () => settled('connected'));
    }))).then((all) => { console.log(JSON.stringify(all)); process.exit() })`;
  expect(await answerOf(sandbox, body)).toEqual(['ENOENT', 'ENOENT', 'EACCES']);
});

test('links in a package cannot lead out of the sandbox', async () => {
  const secretFolder = await makeReachableFolder();
  onTestFinished(async () => removeFolder(secretFolder));
  await writePackage(secretFolder, { 'secret.txt': 'secret' });
  const body = `const fs = require('node:fs');
    const targets = ['${secretFolder}/secret.txt', '/etc/shadow', '/proc/1/root/etc/shadow', '../../../../../etc/shadow',
      '/proc/1/environ', '/proc/1/cwd/../etc/shadow'];
    console.log(JSON.stringify(targets.map((target, index) => {
      fs.symlinkSync(target, 'link' + index);
      try { return /secret|root:/.test(fs.readFileSync('link' + index, 'latin1')) } catch { return false }
    })))`;
  expect(await answerOf(sandbox, body)).toEqual([false, false, false, false, false, false]);
});

test('processes of the host and of other sandboxes cannot be seen or signaled', async () => {
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => {
    bystander.kill();
  });
  await once(bystander, 'spawn');
  const neighbour = await openWorker(sandbox, {
    'main.js': `console.log('ready'); setInterval(() => {}, 1000)`,
  });
  neighbour.run();
  await once(neighbour.stdout, 'data');
  const body = `const fs = require('node:fs');
    const seen = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map((pid) =>
      fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1'));
    const reached = [];
    // A signal to a thread reaches its process.
    const own = new Set([1, ...fs.readdirSync('/proc/self/task').map(Number)]);
    for (let pid = 1; pid < 40000; pid += 1) {
      if (own.has(pid)) continue;
      try { process.kill(pid, 9); reached.push(pid) } catch {}
    }
    console.log(JSON.stringify({ sleeping: seen.some((line) => line.startsWith('sleep')), reached }))`;
  expect(await answerOf(sandbox, body)).toEqual({ sleeping: false, reached: [] });
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  const isAlive = await Promise.race([neighbour.exited.then(() => false), Promise.resolve(true)]);
  expect(isAlive).toBe(true);
});
