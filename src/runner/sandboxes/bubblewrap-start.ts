/** Starts one bubblewrap sandbox, up to the point where its starter waits for its worker. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Cgroup } from '../cgroup.ts';
import {
  descriptors,
  isPrivileged,
  shapeArguments,
  sharedNetwork,
  startCommand,
} from './bubblewrap-arguments.ts';
import type { SandboxFolders, SandboxShape } from './bubblewrap-arguments.ts';
import type { BubblewrapParts } from './bubblewrap-parts.ts';
import { ProcessTree } from '../../host/process-tree.ts';
import type { SandboxNetwork, SharedTmp } from '../sandbox.ts';
import { NetworkLink } from './network-link.ts';
import {
  countedBy,
  endOf,
  exitOfShell,
  joinCgroup,
  partsOf,
  receiveListeners,
  StartedWorker,
} from './started-worker.ts';
import type { Assignment, WorkerParts } from './started-worker.ts';
import { TmpHolder } from './tmp-holder.ts';
import { makePrivateFolder } from './work-folder.ts';
import type { Owner } from './work-folder.ts';

/** Folders whose files count as the sandbox's memory. The `/tmp` of another sandbox counts there. */
function memoryFolders({ tmp, ownTmp }: SandboxShape): string[] {
  return [
    '/dev/shm',
    ...(typeof tmp === 'object' ? [] : ['/tmp']),
    ...(ownTmp === undefined ? [] : [ownTmp]),
  ];
}

function send(pipe: Writable, content: string | Buffer): void {
  pipe.on('error', () => {
    // bubblewrap ended before it read the content; its output contains the reason.
  });
  pipe.end(content);
}

/** The folders below a sandbox's own folder. */
export function foldersIn(folder: string): SandboxFolders {
  const place = (name: string): string => path.join(folder, name);
  return { work: place('work'), home: place('home'), share: place('share'), tmp: place('tmp') };
}

/** Mount points in the working folder. A package's own folders with these names are not copied. */
export function mountPoints({ nodeModulesDir }: SandboxShape): ReadonlySet<string> {
  return new Set(nodeModulesDir === undefined ? [] : ['node_modules']);
}

export async function makeFolders(
  { work, home }: SandboxFolders,
  shape: SandboxShape,
  owner: Owner | undefined,
): Promise<void> {
  await Promise.all([makePrivateFolder(work, owner), makePrivateFolder(home, owner)]);
  await Promise.all(
    Array.from(mountPoints(shape), async (name) => makePrivateFolder(path.join(work, name), owner)),
  );
}

export interface SandboxStart {
  readonly shape: SandboxShape;
  readonly folders: SandboxFolders;
  /** User of the sandbox; the runner's user if undefined. */
  readonly owner: Owner | undefined;
  /** Cgroup of the subtask, if it is already known. */
  readonly cgroup?: Cgroup | undefined;
  /** Resolves when its folders are filled; the start waits for it. */
  readonly filled?: Promise<void>;
}

/** A sandbox whose starter waits for its worker. */
export interface WaitingSandbox {
  /** Whether the starter is still running. */
  readonly isAlive: boolean;
  memoryBytes(): Promise<number>;
  /**
   * Assigns the worker that `run()` starts.
   * @param later.cgroup of the subtask, if the sandbox was not started in it
   * @param later.release called after the worker was closed
   */
  become(
    assignment: Assignment,
    later?: Pick<WorkerParts, 'release'> & { cgroup?: Cgroup },
  ): Promise<StartedWorker>;
  /** Ends it without a worker. */
  discard(): Promise<void>;
}

/** @throws Error with what the sandbox printed; nothing is left running then */
export async function startSandbox(parts: BubblewrapParts, start: SandboxStart): Promise<WaitingSandbox> {
  const { shape, owner, filled, folders } = start;
  let link: NetworkLink | undefined;
  let holder: TmpHolder | undefined;
  try {
    if (shape.tmp === 'shareable') {
      await makePrivateFolder(folders.tmp, owner);
      holder = await TmpHolder.open(parts.tmpTools(), folders.tmp, shape.limits.tmpBytes, owner);
    }
    const tmp = typeof shape.tmp === 'object' ? shape.tmp : holder?.tmp;
    if (shape.networkPorts !== undefined) {
      const tools = parts.networkTools();
      link = await NetworkLink.open(parts.bubblewrap, tools, shape.networkPorts, owner, tmp);
    }
    return await startIn(parts, start, { link, holder, tmp });
  } catch (error) {
    holder?.end();
    await Promise.allSettled([link?.discard(), filled]);
    throw error;
  }
}

/** Namespaces that exist before the sandbox. */
interface Surroundings {
  /** Network of the sandbox; only loopback if undefined. */
  readonly link: NetworkLink | undefined;
  /** Its `/tmp`, if it is shared or can be. */
  readonly tmp: SharedTmp | undefined;
  /** Holds its own `/tmp`, if other sandboxes can share it. */
  readonly holder: TmpHolder | undefined;
}

async function startIn(
  parts: BubblewrapParts,
  { shape, folders, owner, cgroup, filled }: SandboxStart,
  { link, tmp, holder }: Surroundings,
): Promise<WaitingSandbox> {
  const [program = '', ...command] = [...(tmp?.enter ?? []), ...commandLine(parts, shape, link)];
  const child = spawn(program, command, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe', 'pipe', 'pipe', ...(tmp?.descriptors ?? [])],
    env: {},
    cwd: '/',
    // Keeps Ctrl+C in a terminal, which is sent to the runner's process group, from reaching the worker.
    detached: true,
    ...owner,
  });
  await once(child, 'spawn');
  const exited = endOf(child).then(exitOfShell);
  // bubblewrap still waits for its arguments, so all processes that it starts are in the cgroup.
  const joined = await joinCgroup(child, cgroup);
  // The types have only the first five entries.
  const pipes = child.stdio as readonly unknown[];
  const tree = text(pipes[descriptors.info] as Readable).then(
    (info) => new ProcessTree((JSON.parse(info) as { 'child-pid': number })['child-pid']),
  );
  tree.catch(() => {
    // bubblewrap ended before it reported the process id; its output contains the reason.
  });
  const placement = shapeArguments(shape, folders, parts.networkEtc, tmp);
  send(pipes[descriptors.arguments] as Writable, placement.map((value) => `${value}\0`).join(''));
  send(pipes[descriptors.filter] as Writable, parts.filter);
  const received = receiveListeners(child, shape.ports.length);
  try {
    const [listeners, network] = await Promise.all([received, link?.network, filled]);
    const processes = await tree;
    processes.preferForOutOfMemory();
    link?.leave();
    return waitingSandbox({ child, exited, listeners, network, processes, joined, shape, holder });
  } catch (error) {
    child.kill('SIGKILL');
    await Promise.allSettled([
      exited,
      filled,
      tree.then(async (processes) => processes.kill()),
      received.then((listeners) => listeners.forEach((listener) => listener.close())),
    ]);
    throw error;
  }
}

/** Start of the command line that enters an existing network namespace; empty if the sandbox creates its own. */
function networkCommand(
  { openPort }: BubblewrapParts,
  { ports }: SandboxShape,
  link: NetworkLink | undefined,
): readonly string[] {
  if (link !== undefined) return link.enter;
  const privileged = ports.filter(isPrivileged);
  return privileged.length === 0 ? [] : openPort(Math.min(...privileged));
}

function commandLine(parts: BubblewrapParts, shape: SandboxShape, link: NetworkLink | undefined): string[] {
  const { bubblewrap, fixed } = parts;
  const before = networkCommand(parts, shape, link);
  const network = before.length === 0 ? [] : [sharedNetwork];
  return [
    before,
    [bubblewrap, ...fixed, ...network, '--args', String(descriptors.arguments), '--'],
    startCommand(shape),
  ].flat();
}

interface StartedParts extends Pick<WorkerParts, 'exited' | 'listeners'> {
  readonly child: ChildProcess;
  readonly network: SandboxNetwork | undefined;
  readonly processes: ProcessTree;
  /** The cgroup that it has already joined. */
  readonly joined: Cgroup | undefined;
  readonly shape: SandboxShape;
  readonly holder: TmpHolder | undefined;
}

function waitingSandbox({
  child,
  exited,
  listeners,
  network,
  processes,
  joined,
  shape,
  holder,
}: StartedParts): WaitingSandbox {
  const folders = memoryFolders(shape);
  const group = {
    memoryBytes: async (limitBytes: number) => processes.memoryBytes(folders, limitBytes),
    cpuSeconds: async () => processes.cpuSeconds(),
    askToEnd: async () => processes.signalAll('SIGTERM'),
    kill: async () => processes.kill(),
  };
  const become: WaitingSandbox['become'] = async (assignment, { cgroup, release } = {}) =>
    new StartedWorker({
      ...partsOf(child, assignment),
      listeners,
      network,
      exited,
      group: countedBy(joined ?? (await joinCgroup(child, cgroup)), group),
      release: async () => {
        holder?.end();
        await release?.();
      },
      tmp: holder?.tmp,
    });
  return {
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    memoryBytes: async () => processes.memoryBytes(folders, 0),
    become,
    discard: async () => {
      const worker = await become({ environment: {} });
      await worker.close();
    },
  };
}
