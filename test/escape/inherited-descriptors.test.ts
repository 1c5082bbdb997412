/**
 * Descriptors of files, folders and listening sockets that only root can open, and that `chela up` inherits. No process
 * that the platform starts may have them.
 */
import { spawnSync, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, open, readFile, readdir, readlink, rm, type FileHandle } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../bundled-workers/support/temporary-folder.ts';
import { plainSchema } from '../http/packages.ts';
import { startChela, type StartedChela } from '../platform/support/chela-process.ts';
import { eventually } from '../platform/support/eventually.ts';
import { descendantsOf } from '../platform/support/processes.ts';
import { RegistryServer } from '../runner/registries/registry-server.ts';
import { makeReachableFolder, removeFolder, writePackage } from '../runner/worker-package.ts';

const keeper = 'chela-inherited-descriptors';
/** Descriptor numbers, some of which Node itself closes on exec and some of which it does not. */
const numbers = { low: 3, file: 200, folder: 201, socket: 203, high: 1000 } as const;

/** Prints all descriptors that it can see, as one line of JSON: links of every process, and results of opening numbers. */
const look = `const fs = require('node:fs');
  const code = (action) => { try { return action() } catch (error) { return error.code } };
  const links = fs.readdirSync('/proc').filter((name) => Number(name) > 0).flatMap((pid) => {
    const names = code(() => fs.readdirSync('/proc/' + pid + '/fd'));
    return Array.isArray(names) ? names.map((name) => code(() => fs.readlinkSync('/proc/' + pid + '/fd/' + name))) : [];
  });
  const opened = ${JSON.stringify(Object.values(numbers))}.filter((number) => number > 100).flatMap((number) => [
    code(() => fs.fstatSync(number).ino), code(() => fs.readFileSync('/proc/1/fd/' + number, 'latin1')),
  ]);
  console.log('seen ' + JSON.stringify({ links, opened }));`;

/** Also opens a browser, and waits until it is ended. */
const browse = `${look}
  const socket = new WebSocket('ws://' + process.env.ChromeWs + '/ws?apiKey=' + encodeURIComponent(process.env.PROXY_AUTH));
  socket.onerror = () => process.exit(2);
  socket.onopen = () => console.log('browser open');
  setInterval(() => {}, 1000);`;

interface Sight {
  readonly links: string[];
  readonly opened: (string | number)[];
}

function sightIn(lines: readonly string[]): Sight {
  const line = lines.map((text) => /seen (\{.*\})/.exec(text)?.[1]).find((text) => text !== undefined);
  return JSON.parse(line ?? '') as Sight;
}

const packages = temporaryFolder();
let folder: string;
let secret: string;
let cacheDir: string;
let handles: FileHandle[];
let server: net.Server;
let registry: RegistryServer;
let chela: StartedChela;
/** Links of the inherited descriptors in `/proc`. */
let targets: string[];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'chela-test-inherited-'));
  cacheDir = await makeReachableFolder();
  secret = path.join(folder, 'secret');
  await mkdir(path.join(folder, 'private'), { mode: 0o700 });
  handles = [
    await open(secret, 'w+', 0o600),
    await open(path.join(folder, 'private')),
    await open(path.join(folder, 'locked'), 'w+', 0o600),
  ];
  await handles[0]?.write('secret of root');
  server = net.createServer().listen(path.join(folder, 'socket'));
  await once(server, 'listening');
  const socket = (server as unknown as { _handle: { fd: number } })._handle.fd;
  const [file = 0, directory = 0, lock = 0] = handles.map(({ fd }) => fd);
  targets = await Promise.all([file, directory, lock, socket].map((fd) => readlink(`/proc/self/fd/${fd}`)));
  registry = await RegistryServer.start();
  chela = await startChela(
    {
      CHELA_DATA_DIR: path.join(folder, 'data'),
      CHELA_CACHE_DIR: cacheDir,
      CHELA_INSTALL_SCRIPTS: 'true',
      npm_config_registry: `${registry.origin}/npm/`,
    },
    ['up'],
    stdioWith({
      [numbers.low]: file,
      [numbers.file]: file,
      [numbers.folder]: directory,
      [numbers.socket]: socket,
      [numbers.high]: lock,
    }),
  );
});
afterAll(async () => {
  await chela.process.kill();
  registry.close();
  server.close();
  await Promise.all(handles.map(async (handle) => handle.close()));
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  await removeFolder(cacheDir);
});

/** @param descriptors of this process that `chela` inherits, by their number there */
function stdioWith(descriptors: Readonly<Record<number, number>>): StdioOptions {
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', 'pipe'];
  for (const [number, descriptor] of Object.entries(descriptors)) {
    while (stdio.length < Number(number)) stdio.push('ignore');
    stdio[Number(number)] = descriptor;
  }
  return stdio;
}

/** Descriptors of a process by number; empty if it has ended. */
async function descriptorsOf(pid: number): Promise<[number, string][]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return Promise.all(
    names.map(async (name): Promise<[number, string]> => [
      Number(name),
      await readlink(`/proc/${pid}/fd/${name}`).catch(() => ''),
    ]),
  );
}

/** All child processes of the platform that have one of the descriptors, except the one that keeps them open. */
async function processesWithTargets(): Promise<string[]> {
  const below = descendantsOf(chela.process.pid).filter(({ command }) => !command.includes(keeper));
  const found = await Promise.all(
    below.map(async ({ pid, command }) => {
      const held = await descriptorsOf(pid);
      return held.filter(([, target]) => targets.includes(target)).map(([number]) => `${command}: ${number}`);
    }),
  );
  return found.flat();
}

async function publish(name: string, files: Record<string, string>): Promise<string> {
  const packageDir = path.join(packages, name);
  await mkdir(packageDir, { recursive: true });
  await writePackage(packageDir, { 'input_schema.json': JSON.stringify(plainSchema), ...files });
  return chela.client.publish(packageDir, name);
}

function expectNothingOf({ links, opened }: Sight): void {
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((link) => targets.includes(link) || link.includes(folder))).toEqual([]);
  expect(new Set(opened)).toEqual(new Set(['EBADF', 'EACCES']));
}

test('a worker and its browser do not have them', { timeout: 120_000 }, async () => {
  const worker = await publish('looking', { 'main.js': browse, 'package.json': '{}' });
  const slug = await chela.client.runAsync(worker, {});
  const lines = await eventually(async () => {
    const contents = (await chela.client.log(slug)).map(({ content }) => content);
    return contents.includes('browser open') ? contents : undefined;
  });
  expectNothingOf(sightIn(lines));
  const running = descendantsOf(chela.process.pid).map(({ command }) => command);
  for (const program of [/bwrap/, /\/browser\/chrom/, /postgres/, /-starter|main\.js/])
    expect(running).toContainEqual(expect.stringMatching(program));
  expect(await processesWithTargets()).toEqual([]);
  await chela.client.call(`/worker-runs/${slug}/abort`, { method: 'POST' });
});

test('a package manager does not have them', { timeout: 120_000 }, async () => {
  await registry.addNpm(
    'looker',
    { 'look.js': look, 'index.js': '' },
    { scripts: { postinstall: 'node look.js' } },
  );
  const worker = await publish('installing', {
    'main.js': `require('looker')`,
    'package.json': JSON.stringify({ dependencies: { looker: '1.0.0' } }),
  });
  const { status, lines } = await chela.client.installed(worker);
  expect(status).toBe('installed');
  expectNothingOf(sightIn(lines.map(({ content }) => content)));
});

test('the platform has no open descriptor that its child processes would inherit', async () => {
  const held = await descriptorsOf(chela.process.pid);
  const passedOn = await Promise.all(
    held.map(async ([number, target]) => {
      const info = await readFile(`/proc/${chela.process.pid}/fdinfo/${number}`, 'latin1').catch(() => '');
      const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '2000000', 8);
      return number > 2 && (flags & 0o2000000) === 0 ? [target] : [];
    }),
  );
  expect(passedOn.flat()).toEqual([]);
});

test('a lock on one of them lasts as long as the platform', { timeout: 180_000 }, async () => {
  const lock = path.join(folder, 'lock');
  const locked = (): boolean => spawnSync('flock', ['--nonblock', lock, 'true']).status === 1;
  const held = await open(lock, 'w');
  // A lock on the open file, like `exec 200>lock; flock 200` in a script.
  spawnSync('flock', ['3'], { stdio: ['ignore', 'ignore', 'inherit', held.fd] });
  const dataDir = await mkdtemp(path.join(tmpdir(), 'chela-test-locked-'));
  onTestFinished(async () => rm(dataDir, { recursive: true, force: true, maxRetries: 20 }));
  const started = await startChela({ CHELA_DATA_DIR: dataDir }, ['up'], stdioWith({ 200: held.fd }));
  onTestFinished(async () => void (await started.process.kill()));
  await held.close();
  expect(locked()).toBe(true);
  started.process.signalGroup('SIGINT');
  expect(await started.process.ended).toEqual({ exitCode: 0, signal: null });
  await eventually(async () => (locked() ? undefined : true));
});
