/** A Docker Engine for the tests, with an image made from the distribution's packages. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { connectEngine } from '../../src/runner/sandboxes/docker-engine.ts';
import { eventually } from '../platform/support/eventually.ts';

const run = promisify(execFile);
const testImage = 'chela-test:latest';

/** The libraries that Node and the host's Python need beyond what every Debian has. */
const libraries = ['libssl3', 'libffi8', 'libsqlite3-0', 'libexpat1', 'libstdc++6'];
const excludedFromImage = [
  'var/cache',
  'var/lib/apt/lists',
  'usr/share/doc',
  'usr/share/locale',
  'usr/share/man',
  'dev',
];

function isInstalled(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The URL that apt gets this distribution's packages from. */
async function mirror(suite: string): Promise<string> {
  const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)';
  const { stdout } = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const found = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .find(([release, component]) => release === suite && component === 'main')?.[2];
  if (found === undefined) throw new Error(`apt knows no packages of ${suite}: apt-get update`);
  return found;
}

/** The image's files as a tar, made once per machine. */
async function imageFile(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8');
  const suite = /^VERSION_CODENAME="?(\w+)/m.exec(release)?.[1] ?? 'stable';
  const cache = path.join(tmpdir(), `chela-test-image-${process.getuid?.()}`);
  await mkdir(cache, { recursive: true, mode: 0o700 });
  if ((await stat(cache)).uid !== process.getuid?.()) throw new Error(`${cache} is somebody else's`);
  const file = path.join(cache, `${suite}-${process.arch}.tar`);
  if (await stat(file).catch(() => undefined)) return file;
  const draft = await mkdtemp(path.join(cache, 'draft-'));
  try {
    const tree = path.join(draft, 'tree');
    const include = `--include=${libraries.join(',')}`;
    await run('debootstrap', ['--variant=minbase', include, suite, tree, await mirror(suite)], {
      maxBuffer: 64 * 1024 * 1024,
    });
    const made = path.join(draft, 'tar');
    await run('tar', [
      '-C',
      tree,
      ...excludedFromImage.map((name) => `--exclude=./${name}`),
      '-cf',
      made,
      '.',
    ]);
    await rename(made, file);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return file;
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
  const docker = connectEngine(settings);
  try {
    const file = await imageFile();
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
  const missing = ['dockerd', 'debootstrap'].filter((command) => !isInstalled(command));
  try {
    if (missing.length > 0) throw new Error(`${missing.join(' and ')} are missing: npm run setup -- --dev`);
    return await startEngine();
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return (error as Error).message;
  }
}
