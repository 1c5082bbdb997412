/** Starts one bubblewrap sandbox, up to the point where its starter waits for its worker. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Cgroup } from '../cgroup.ts';
import { descriptors, shapeArguments, sharedNetwork, startCommand } from './bubblewrap-arguments.ts';
import type { SandboxFolders, SandboxShape } from './bubblewrap-arguments.ts';
import type { BubblewrapParts } from './bubblewrap-parts.ts';
import { ProcessTree } from '../../host/process-tree.ts';
import type { NamespaceOpener } from './namespace-opener.ts';
import type { OpenedNamespaces } from './opened-namespaces.ts';
import {
  countedBy,
  endOf,
  exitOfShell,
  joinCgroup,
  partsOf,
  partsOfWaiting,
  readyStarter,
  receiveListeners,
  StartedWorker,
} from './started-worker.ts';
import type { Assignment, Listeners, WorkerParts } from './started-worker.ts';
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
  /**
   * Opens its namespaces, with its network and its `/tmp`. If undefined, bubblewrap creates them, with only loopback and
   * a private `/tmp`, and its starter listens.
   */
  readonly opener?: NamespaceOpener | undefined;
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
  let namespaces: OpenedNamespaces | undefined;
  try {
    namespaces = await openNamespaces(parts, start);
    return await startIn(parts, start, namespaces);
  } catch (error) {
    await Promise.allSettled([namespaces?.discard(), start.filled]);
    throw error;
  }
}

async function openNamespaces(
  parts: BubblewrapParts,
  { shape, owner, folders, opener }: SandboxStart,
): Promise<OpenedNamespaces | undefined> {
  const { ports, wildcardPort, networkPorts, limits } = shape;
  if (opener === undefined) return undefined;
  const isShareable = shape.tmp === 'shareable';
  if (isShareable) await makePrivateFolder(folders.tmp, owner);
  const tmp = isShareable ? { folder: folders.tmp, sizeBytes: limits.tmpBytes } : undefined;
  return opener.open(parts.namespaceTools(), { owner, ports, wildcardPort, networkPorts, tmp });
}

async function startIn(
  parts: BubblewrapParts,
  { shape, folders, owner, cgroup, filled, opener }: SandboxStart,
  namespaces: OpenedNamespaces | undefined,
): Promise<WaitingSandbox> {
  const tmp = typeof shape.tmp === 'object' ? shape.tmp : namespaces?.tmp;
  const ports = namespaces === undefined ? shape.ports : undefined;
  const [program = '', ...command] = [
    namespaces?.enter ?? tmp?.enter ?? [],
    [parts.bubblewrap, ...parts.fixed, ...(namespaces === undefined ? [] : [sharedNetwork])],
    ['--args', String(descriptors.arguments), '--', ...startCommand(shape.limits, ports, shape.wildcardPort)],
  ].flat();
  const inherited = namespaces === undefined ? (tmp?.descriptors ?? []) : [];
  const child = spawn(program, command, {
    stdio: [
      'ignore',
      'pipe',
      'pipe',
      ports === undefined ? 'pipe' : 'ipc',
      'pipe',
      'pipe',
      'pipe',
      ...inherited,
    ],
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
  const channel = ports === undefined ? (pipes[descriptors.channel] as Socket) : undefined;
  channel?.on('error', () => {
    // The starter has ended; `exited` reports its end.
  });
  const received =
    channel === undefined
      ? receiveListeners(child, shape.ports.length)
      : readyStarter(child, channel).then((): Listeners => new Map());
  try {
    const [own] = await Promise.all([received, filled]);
    const processes = await tree;
    processes.preferForOutOfMemory();
    namespaces?.leave();
    const listeners = namespaces?.listeners ?? own;
    const connect =
      opener &&
      (async (host: string, port: number): Promise<Socket> =>
        opener.connect(parts.namespaceTools(), { owner, process: processes.first, host, port }));
    return waitingSandbox({
      child,
      channel,
      exited,
      listeners,
      namespaces,
      processes,
      joined,
      shape,
      connect,
    });
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

interface StartedParts extends Pick<WorkerParts, 'exited' | 'listeners' | 'connect'> {
  readonly child: ChildProcess;
  /** The starter's socket, if it has no IPC channel. */
  readonly channel: Socket | undefined;
  /** Undefined if it has those that bubblewrap creates. */
  readonly namespaces: OpenedNamespaces | undefined;
  readonly processes: ProcessTree;
  /** The cgroup that it has already joined. */
  readonly joined: Cgroup | undefined;
  readonly shape: SandboxShape;
}

function waitingSandbox({
  child,
  channel,
  exited,
  listeners,
  namespaces,
  processes,
  joined,
  shape,
  connect,
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
      ...(channel === undefined ? partsOf(child, assignment) : partsOfWaiting(child, channel, assignment)),
      listeners,
      network: namespaces?.network,
      connect,
      exited,
      group: countedBy(joined ?? (await joinCgroup(child, cgroup)), group),
      release: async () => {
        namespaces?.endTmp();
        await release?.();
      },
      tmp: namespaces?.tmp,
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
