/**
 * Workers as ordinary processes of the runner's user, without isolation: for development, and for systems without
 * bubblewrap. Workers use fixed ports, which here are the host's, so only one worker runs at a time; others wait in
 * `open()`. Only the limits of a cgroup apply. Without a cgroup, a descendant that leaves both its parent and its process
 * group escapes.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { access, symlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Sandbox, SandboxedProcess, SandboxOptions } from '../sandbox.ts';
import {
  certificateVariables,
  prepareCertificates,
  type CertificateFiles,
  type CertificateSettings,
} from './certificates.ts';
import { programPath } from './layout.ts';
import { shareVariables } from './resource-share.ts';
import { nodeEntryFile, starterFile } from './runtime-folder.ts';
import { countedBy, endOf, joinCgroup, partsOf, receiveListeners, StartedWorker } from './started-worker.ts';
import { copyPackage, makePrivateFolder } from './work-folder.ts';

const channelDescriptor = 3;

interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

/** `ps` shows processor time as `[[days-]hours:]minutes:seconds`. */
function secondsOf(time: string): number {
  const [, days = 0, rest = time] = /^(\d+)-(.*)$/.exec(time) ?? [];
  return rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}

/** The processes of a group and their descendants, listed by `ps`, which every system with Node has. */
async function listGroup(leader: number): Promise<ListedProcess[]> {
  const columns = ['pid=', 'ppid=', 'pgid=', 'rss=', 'stat=', 'time='].flatMap((column) => ['-o', column]);
  const { stdout } = await promisify(execFile)('ps', ['-A', ...columns]);
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => !fields[4]?.startsWith('Z'))
    .map(([pid, parent, group, kilobytes, , time]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      residentBytes: Number(kilobytes) * 1024,
      cpuSeconds: secondsOf(time ?? '0'),
    }));
  const members = new Set(all.filter(({ group, pid }) => group === leader || pid === leader));
  const pids = new Set([...members].map(({ pid }) => pid));
  // The loop also visits members that it adds, so it finds descendants of any depth.
  for (const member of members) {
    for (const candidate of all) {
      if (candidate.parent !== member.pid || pids.has(candidate.pid)) continue;
      members.add(candidate);
      pids.add(candidate.pid);
    }
  }
  return [...members];
}

function signalAll(members: readonly ListedProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of members) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended since it was listed.
    }
  }
}

async function killGroup(leader: number): Promise<void> {
  for (let pauseMilliseconds = 1; ; pauseMilliseconds = Math.min(pauseMilliseconds * 2, 20)) {
    const members = await listGroup(leader);
    if (members.length === 0) return;
    signalAll(members, 'SIGKILL');
    // No event reports the end of a process that is not a child.
    await setTimeout(pauseMilliseconds);
  }
}

async function connectLoopback(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  return socket;
}

/** The lock on the fixed ports, which all sandboxes in this process share. */
let lastTurn: Promise<void> = Promise.resolve();

/** Resolves when the ports are free, with the function that releases them. */
async function takeTurn(): Promise<() => void> {
  const before = lastTurn;
  const turn = Promise.withResolvers<void>();
  lastTurn = turn.promise;
  await before;
  return turn.resolve;
}

export class ProcessSandbox implements Sandbox {
  readonly name = 'process';
  readonly warning =
    'workers run without a sandbox (CHELA_SANDBOX=process): they can access all files, processes and networks of this machine';
  readonly #settings: CertificateSettings;
  #certificates: Promise<CertificateFiles> | undefined;

  constructor(settings: CertificateSettings) {
    this.#settings = settings;
  }

  async check(): Promise<void> {
    await prepareCertificates(this.#settings);
    if (process.platform === 'win32') {
      throw new Error('workers cannot run on Windows directly; start Chela in WSL: wsl --install');
    }
    await promisify(execFile)('ps', ['-A']).catch(() => {
      throw new Error(
        'ps is not installed, but it is required for stopping workers: install the package procps',
      );
    });
  }

  /** Does nothing: workers of a killed runner cannot be distinguished from the user's other processes. */
  async removeLeftovers(): Promise<void> {}

  async open(options: SandboxOptions): Promise<SandboxedProcess> {
    const passOn = await takeTurn();
    try {
      return await this.#open(options, async () => passOn());
    } catch (error) {
      passOn();
      throw error;
    }
  }

  async #open(options: SandboxOptions, release: () => Promise<void>): Promise<SandboxedProcess> {
    const [work, home, temporary] = ['work', 'home', 'tmp'].map((name) =>
      path.join(options.scratchDir, name),
    ) as [string, string, string];
    await Promise.all([work, home, temporary].map(async (folder) => makePrivateFolder(folder, undefined)));
    const linked = options.nodeModulesDir === undefined ? [] : ['node_modules'];
    await copyPackage(options.packageDir, work, undefined, new Set(linked));
    if (options.nodeModulesDir !== undefined) {
      await access(options.nodeModulesDir);
      await symlink(options.nodeModulesDir, path.join(work, 'node_modules'));
    }
    const { launch } = options;
    // Nothing is mounted, so paths on the host are also the worker's paths.
    const places = launch?.mounts ?? {};
    const entry = path.join(work, options.entry);
    const system = `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
    this.#certificates ??= prepareCertificates(this.#settings);
    const variables = {
      PATH: programPath(launch, places, { work, system }),
      HOME: home,
      TMPDIR: temporary,
      LANG: 'C.UTF-8',
      ...certificateVariables(await this.#certificates),
      ...shareVariables(options.share),
    };
    // env(1) removes the variables that spawn() adds for the channel; the starter opens it by number.
    const child = spawn(
      '/usr/bin/env',
      [
        ['-u', 'NODE_CHANNEL_FD', '-u', 'NODE_CHANNEL_SERIALIZATION_MODE'],
        [process.execPath, starterFile, String(channelDescriptor), options.ports.join(',')],
      ].flat(),
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: variables, cwd: work, detached: true },
    );
    const assignment = {
      ...(launch === undefined ? { entry } : { command: launch.command(places, entry, nodeEntryFile) }),
      environment: { ...launch?.environment(places), ...options.environment },
    };
    await once(child, 'spawn');
    const leader = child.pid ?? Number.NaN;
    const exited = endOf(child);
    // The worker's code does not run before the starter gets its first message.
    const cgroup = await joinCgroup(child, options.cgroup);
    try {
      const listeners = await receiveListeners(child, options.ports.length);
      const group = countedBy(cgroup, {
        memoryBytes: async () => {
          const members = await listGroup(leader);
          return members.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
        },
        cpuSeconds: async () => {
          const members = await listGroup(leader);
          return members.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
        },
        askToEnd: async () => signalAll(await listGroup(leader), 'SIGTERM'),
        kill: async () => killGroup(leader),
      });
      return new StartedWorker({
        ...partsOf(child, assignment),
        listeners,
        connect: connectLoopback,
        exited,
        group,
        release,
      });
    } catch (error) {
      child.kill('SIGKILL');
      await exited;
      const { code, port } = error as { code?: string; port?: number };
      if (code !== 'EADDRINUSE') throw error;
      throw new Error(
        `port ${port} of this machine is in use, but without a sandbox each worker needs it: ` +
          'stop the program that uses it, or set CHELA_SANDBOX=bubblewrap',
        { cause: error },
      );
    }
  }
}
