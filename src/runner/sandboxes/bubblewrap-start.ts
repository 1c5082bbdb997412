/** Starts one sandbox of bubblewrap, up to the point where its starter waits for the worker it is to become. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { WorkerExit } from '../sandbox.ts';
import { descriptors, shapeArguments, startCommand } from './bubblewrap-arguments.ts';
import type { SandboxFolders, SandboxShape } from './bubblewrap-arguments.ts';
import type { BubblewrapParts } from './bubblewrap-parts.ts';
import { ProcessTree } from './process-tree.ts';
import { endOf, receiveListeners, StartedWorker } from './started-worker.ts';
import { makePrivateFolder } from './work-folder.ts';
import type { Owner } from './work-folder.ts';

const memoryFolders = ['/tmp', '/dev/shm'];

/** A worker ended by a signal is reported as shells do, by exit code 128 + number. */
function workerExit(end: WorkerExit): WorkerExit {
  const code = end.exitCode;
  if (code === null || code <= 128) return end;
  const names = Object.entries(os.constants.signals) as [NodeJS.Signals, number][];
  const name = names.find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? end : { exitCode: null, signal: name };
}

function send(pipe: Writable, content: string | Buffer): void {
  pipe.on('error', () => {
    // bubblewrap ended before it read it; what it printed says why.
  });
  pipe.end(content);
}

/** What a worker may write, below the folder of its sandbox. */
export function foldersIn(folder: string): SandboxFolders {
  return { work: path.join(folder, 'work'), home: path.join(folder, 'home') };
}

/** Names in the working folder that something is mounted on: a package's own of that name is not copied. */
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
  /** User it runs under; the runner's own where undefined. */
  readonly owner: Owner | undefined;
  /** What goes on in its folders meanwhile and belongs to the start. */
  readonly filled?: Promise<void>;
}

/** @throws Error with what the sandbox printed; nothing is left running then */
export async function startSandbox(
  { bubblewrap, fixed, foreign, filter }: BubblewrapParts,
  { shape, folders, owner, filled }: SandboxStart,
): Promise<StartedWorker> {
  const child = spawn(
    bubblewrap,
    [...fixed, '--args', String(descriptors.arguments), '--', ...startCommand(shape, foreign)],
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
  const exited = endOf(child).then(workerExit);
  // The types know only the first five of them.
  const pipes = child.stdio as readonly unknown[];
  const tree = text(pipes[descriptors.info] as Readable).then(
    (info) => new ProcessTree((JSON.parse(info) as { 'child-pid': number })['child-pid']),
  );
  const placement = shapeArguments(shape, folders);
  send(pipes[descriptors.arguments] as Writable, placement.map((value) => `${value}\0`).join(''));
  send(pipes[descriptors.filter] as Writable, filter);
  try {
    const [listeners, processes] = await Promise.all([
      receiveListeners(child, shape.ports.length),
      tree,
      filled,
    ]);
    processes.preferForOutOfMemory();
    return new StartedWorker(child, listeners, exited, {
      memoryBytes: async (limitBytes) => processes.memoryBytes(memoryFolders, limitBytes),
      askToEnd: async () => processes.signalAll('SIGTERM'),
      kill: async () => processes.kill(),
    });
  } catch (error) {
    child.kill('SIGKILL');
    await Promise.allSettled([exited, filled, tree.then(async (processes) => processes.kill())]);
    throw error;
  }
}
