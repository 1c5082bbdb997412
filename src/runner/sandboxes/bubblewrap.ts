/**
 * Sandboxes made of Linux namespaces by bubblewrap: no network but its own loopback, no files but those mounted, no
 * other processes, no privileges. When the runner is root, bubblewrap itself runs under an unprivileged id per slot,
 * since whoever is root outside stays root of its namespaces.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Sandbox, SandboxedProcess, SandboxOptions } from '../sandbox.ts';
import {
  descriptors,
  fixedArguments,
  isPrivileged,
  openPortCommand,
  sharedNetwork,
  startCommand,
  subtaskArguments,
} from './bubblewrap-arguments.ts';
import { ProcessTree } from './process-tree.ts';
import { prepareRuntimeFolder } from './runtime-folder.ts';
import {
  countedBy,
  endOf,
  exitOfShell,
  foreignDescriptors,
  joinCgroup,
  partsOf,
  receiveListeners,
  StartedWorker,
} from './started-worker.ts';
import { systemCallFilter } from './system-call-filter.ts';
import { tryOut } from './trial.ts';
import { copyPackage, makePrivateFolder } from './work-folder.ts';
import type { Owner } from './work-folder.ts';

const binaryFolders = ['/usr/bin', '/usr/local/bin', '/bin', '/run/current-system/sw/bin'];
const memoryFolders = ['/tmp', '/dev/shm'];

/** Command that installs a package, by the package manager that is there. */
const installCommands = [
  { manager: '/usr/bin/apt-get', command: 'apt-get install' },
  { manager: '/usr/bin/dnf', command: 'dnf install' },
  { manager: '/usr/bin/pacman', command: 'pacman -S' },
  { manager: '/sbin/apk', command: 'apk add' },
  { manager: '/usr/bin/zypper', command: 'zypper install' },
];

/** What the messages of bubblewrap mean for an operator. */
const remedies: readonly { readonly sign: RegExp; readonly remedy: string }[] = [
  { sign: /Unknown option --(disable-userns|size|perms)/, remedy: 'bubblewrap 0.8.0 or newer is needed' },
  {
    sign: /uid map: Permission denied|uid_map|loopback: .*not permitted/i,
    remedy:
      'the system forbids user namespaces to programs without a profile: ' +
      'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  },
  {
    sign: /max_user_namespaces|max_\*_namespaces/,
    remedy: 'the system allows no further user namespaces: sudo sysctl -w user.max_user_namespaces=15000',
  },
  {
    sign: /No permissions to create.*namespace|Creating new namespace failed/i,
    remedy:
      'the system forbids user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1; ' +
      'in a container, start that with --security-opt seccomp=unconfined',
  },
  {
    sign: /mount proc/i,
    remedy:
      'a container with a masked /proc cannot hold sandboxes: start it with --security-opt systempaths=unconfined',
  },
];

interface Prepared {
  readonly bubblewrap: string;
  readonly fixed: readonly string[];
  readonly foreign: readonly number[];
  readonly filter: Buffer;
  /** What a sandbox with this port is started by. */
  readonly openPort: (port: number) => string[];
}

function findBinary(name: string, packageName: string): string {
  const found = binaryFolders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const installer =
    installCommands.find(({ manager }) => existsSync(manager))?.command ?? 'install the package';
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  throw new Error(`${name} is not installed, and sandboxes need it: ${sudo}${installer} ${packageName}`);
}

function send(pipe: Writable, content: string | Buffer): void {
  pipe.on('error', () => {
    // bubblewrap ended before it read it; what it printed says why.
  });
  pipe.end(content);
}

function explained(error: unknown): Error {
  const { message } = error as Error;
  const remedy = remedies.find(({ sign }) => sign.test(message))?.remedy;
  const advice = remedy === undefined ? '' : ` (${remedy})`;
  return new Error(`the sandbox could not be opened: ${message}${advice}`, { cause: error });
}

export class BubblewrapSandbox implements Sandbox {
  readonly name = 'bubblewrap';
  readonly #cacheDir: string;
  readonly #userId: number;
  #preparing: Promise<Prepared> | undefined;
  /** By port, whether one could be opened. */
  readonly #offered = new Map<number, Promise<boolean>>();

  /**
   * @param options.cacheDir folder that other users can reach; holds the runtime the sandboxes mount
   * @param options.sandboxUserId first of the ids sandboxes run under, one a slot, when the runner is root
   */
  constructor({ cacheDir, sandboxUserId }: { cacheDir: string; sandboxUserId: number }) {
    this.#cacheDir = cacheDir;
    this.#userId = sandboxUserId;
  }

  async check(): Promise<void> {
    if (process.platform !== 'linux') {
      throw new Error(`the bubblewrap sandbox needs Linux; on ${process.platform} set CHELA_SANDBOX=process`);
    }
    await this.#prepare();
    await tryOut(this, this.#cacheDir);
  }

  /** bubblewrap ends with its runner. */
  async removeLeftovers(): Promise<void> {}

  async offersPort(port: number): Promise<boolean> {
    let offered = this.#offered.get(port);
    if (offered === undefined) {
      offered = this.#tryPort(port).then(
        () => true,
        () => false,
      );
      this.#offered.set(port, offered);
    }
    return offered;
  }

  async open(options: SandboxOptions): Promise<SandboxedProcess> {
    const { bubblewrap, fixed, foreign, filter, openPort } = await this.#prepare();
    const owner = this.#owner(options.slot);
    const work = path.join(options.scratchDir, 'work');
    const home = path.join(options.scratchDir, 'home');
    const mountPoints = options.nodeModulesDir === undefined ? [] : ['node_modules'];
    await Promise.all([makePrivateFolder(work, owner), makePrivateFolder(home, owner)]);
    await Promise.all(mountPoints.map(async (name) => makePrivateFolder(path.join(work, name), owner)));

    const privileged = options.ports.filter(isPrivileged);
    const network = privileged.length === 0 ? [] : [sharedNetwork];
    const [program = '', ...command] = [
      ...(privileged.length === 0 ? [] : openPort(Math.min(...privileged))),
      bubblewrap,
      ...fixed,
      ...network,
      '--args',
      String(descriptors.arguments),
      '--',
      ...startCommand(options, foreign),
    ];
    const child = spawn(
      program,
      command,
      // Detached: Ctrl+C in a terminal reaches the runner's whole process group, and a worker may end its work first.
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', 'pipe', 'pipe'],
        env: {},
        cwd: '/',
        detached: true,
        ...owner,
      },
    );
    await once(child, 'spawn');
    const exited = endOf(child).then(exitOfShell);
    // It waits for its arguments now: all it starts later is in the cgroup from the beginning.
    const cgroup = await joinCgroup(child, options.cgroup);
    // The types know only the first five of them.
    const pipes = child.stdio as readonly unknown[];
    const tree = text(pipes[descriptors.info] as Readable).then(
      (info) => new ProcessTree((JSON.parse(info) as { 'child-pid': number })['child-pid']),
    );
    tree.catch(() => {
      // bubblewrap ended before it told; the reason is in what it printed.
    });
    // The package is copied while Node starts: its first line waits for run().
    const filled = copyPackage(options.packageDir, work, owner, new Set(mountPoints));
    const placement = subtaskArguments({ ...options, work, home });
    send(pipes[descriptors.arguments] as Writable, placement.map((value) => `${value}\0`).join(''));
    send(pipes[descriptors.filter] as Writable, filter);
    try {
      const [listeners] = await Promise.all([receiveListeners(child, options.ports.length), filled]);
      const processes = await tree;
      processes.preferForOutOfMemory();
      const group = countedBy(cgroup, {
        memoryBytes: async (limitBytes) => processes.memoryBytes(memoryFolders, limitBytes),
        cpuSeconds: async () => processes.cpuSeconds(),
        askToEnd: async () => processes.signalAll('SIGTERM'),
        kill: async () => processes.kill(),
      });
      return new StartedWorker({ ...partsOf(child), listeners, exited, group });
    } catch (error) {
      child.kill('SIGKILL');
      await Promise.allSettled([exited, filled, tree.then(async (processes) => processes.kill())]);
      throw explained(error);
    }
  }

  /** An empty sandbox with the port: systems may forbid namespaces within namespaces. */
  async #tryPort(port: number): Promise<void> {
    const { bubblewrap, openPort } = await this.#prepare();
    const inner = [
      '--unshare-all',
      '--unshare-user',
      sharedNetwork,
      '--disable-userns',
      '--ro-bind',
      '/',
      '/',
      '/bin/true',
    ];
    const [program = '', ...command] = [...openPort(port), bubblewrap, ...inner];
    await promisify(execFile)(program, command, { env: {}, cwd: '/', ...this.#owner(0) });
  }

  /** The user a slot's sandbox runs under; undefined is the runner's own. */
  #owner(slot: number): Owner | undefined {
    if (process.getuid?.() !== 0) return undefined;
    return { uid: this.#userId + slot, gid: this.#userId + slot };
  }

  async #prepare(): Promise<Prepared> {
    this.#preparing ??= this.#findParts();
    try {
      return await this.#preparing;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
  }

  async #findParts(): Promise<Prepared> {
    const bubblewrap = findBinary('bwrap', 'bubblewrap');
    const prlimit = findBinary('prlimit', 'util-linux');
    const runtime = await prepareRuntimeFolder(this.#cacheDir);
    return {
      bubblewrap,
      fixed: fixedArguments(runtime, prlimit),
      foreign: foreignDescriptors(),
      filter: systemCallFilter(process.arch),
      openPort: (port) => openPortCommand(bubblewrap, findBinary('setpriv', 'util-linux'), port),
    };
  }
}
