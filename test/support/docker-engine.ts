/** A Docker Engine for the tests, with an image made of the host's files. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { lstat, mkdtemp, readdir, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { connectEngine } from '../../src/runner/sandboxes/docker-engine.ts';
import { eventually } from '../platform/support/eventually.ts';

const run = promisify(execFile);
const testImage = 'chela-test:latest';

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Output of a program, by lines. */
async function linesOf(command: string, argv: readonly string[]): Promise<string[]> {
  const { stdout } = await run(command, argv, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').filter((line) => line !== '');
}

/** Files of the packages that every Debian and Ubuntu has: the shell, the tools, and the C library, on which they depend. */
async function filesOfBasePackages(): Promise<string[]> {
  const format = '${Priority} ${db:Status-Status} ${Package}\n';
  const packages = (await linesOf('dpkg-query', ['-W', '-f', format]))
    .map((line) => line.split(' '))
    .filter(
      ([priority, status, name]) => (priority === 'required' || name === 'libc6') && status === 'installed',
    )
    .map(([, , name = '']) => name);
  return linesOf('dpkg-query', ['-L', ...packages]);
}

/** Libraries that Node and the modules of the host's Python load. */
async function loadedLibraries(): Promise<string[]> {
  const print =
    'import os, sys, sysconfig; print(os.path.realpath(sys.executable), sysconfig.get_path("platstdlib"), sep="\\n")';
  const [python = '', library = ''] = await linesOf('python3', ['-c', print]);
  const modules = path.join(library, 'lib-dynload');
  const loading = (await readdir(modules)).map((name) => path.join(modules, name));
  const found = await linesOf('ldd', [process.execPath, python, ...loading]);
  return found.flatMap((line) => /(?:=> |^\s+)(\/\S+) \(/.exec(line)?.[1] ?? []);
}

/** A file and the symbolic links that lead to it, each with no symbolic link among its folders. */
async function withLinks(file: string): Promise<string[]> {
  const folder = await realpath(path.dirname(file)).catch(() => undefined);
  if (folder === undefined) return [];
  const place = path.join(folder, path.basename(file));
  const isLink = (await lstat(place).catch(() => undefined))?.isSymbolicLink();
  if (isLink === undefined) return [];
  return isLink ? [place, ...(await withLinks(path.resolve(folder, await readlink(place))))] : [place];
}

/** Makes a tar of the host's own shell, tools and libraries. */
async function packImage(file: string): Promise<void> {
  const roots = ['/bin', '/sbin', '/lib', '/lib64', '/etc/passwd', '/etc/group', '/etc/ld.so.cache'];
  const files = [...roots, ...(await filesOfBasePackages()), ...(await loadedLibraries())];
  const skipped = /^\/usr\/share\/(?:doc|locale|man)\//;
  const all = await Promise.all(files.filter((name) => !skipped.test(name)).map(withLinks));
  const list = `${file}.list`;
  await writeFile(list, [...new Set(all.flat())].map((name) => `.${name}\n`).join(''));
  await run('tar', ['-C', '/', '--no-recursion', '-cf', file, '-T', list]);
}

export interface TestEngine {
  /** Settings of the docker sandbox. */
  readonly settings: {
    readonly dockerHost: string;
    readonly dockerCertDir: '';
    readonly dockerImage: string;
  };
  readonly docker: Docker;
  stop(): Promise<void>;
}

/** Gives an engine an image. @param files a tar */
export async function importImage(docker: Docker, files: Readable, image: string): Promise<void> {
  const [repo, tag] = image.split(':');
  const progress = await docker.importImage(files, { repo, tag });
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve(undefined)));
  });
}

/** Starts an engine that has `testImage` and no network. */
async function startEngine(): Promise<TestEngine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'chela-test-docker-'));
  const settings = {
    dockerHost: `unix://${folder}/docker.sock`,
    dockerCertDir: '',
    dockerImage: testImage,
  } as const;
  // It ends with these tests, however they end.
  const engine = spawn(
    'setpriv',
    [
      ['--pdeathsig', 'TERM', 'dockerd', '--host', settings.dockerHost],
      ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`],
      ['--containerd-namespace', path.basename(folder)],
      ['--bridge=none', '--iptables=false', '--ip6tables=false', '--log-level=warn'],
    ].flat(),
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let printed = '';
  engine.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = once(engine, 'exit');
  const stop = async (): Promise<void> => {
    engine.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const docker = await connectEngine(settings);
  try {
    const file = path.join(folder, 'image.tar');
    await packImage(file);
    await Promise.race([
      eventually(async () => docker.ping() as Promise<unknown>),
      ended.then(() => {
        throw new Error(`dockerd ended: ${printed}`);
      }),
    ]);
    await importImage(docker, createReadStream(file), testImage);
  } catch (error) {
    await stop();
    throw error;
  }
  return { settings, docker, stop };
}

/** The reason why no engine can be started here. */
function whyNoEngine(): string | undefined {
  if (process.platform !== 'linux') return 'a Docker Engine of its own needs Linux';
  if (process.getuid?.() !== 0) return 'a Docker Engine of its own needs root';
  return undefined;
}

/**
 * An engine that has `testImage` and no network; the reason if none can be started.
 * @throws Error if CI runs on a machine that could start one
 */
export async function startTestEngine(): Promise<TestEngine | string> {
  const reason = whyNoEngine();
  if (reason !== undefined) return reason;
  try {
    if (!isInstalled('dockerd')) throw new Error('dockerd is missing: npm run setup -- --dev');
    return await startEngine();
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return (error as Error).message;
  }
}
