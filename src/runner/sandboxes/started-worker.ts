/** A started worker in any kind of sandbox: receives its listeners, reports its end and closes it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Server } from 'node:net';
import type { Socket } from 'node:net';
import os from 'node:os';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { Cgroup } from '../cgroup.ts';
import type { SandboxedProcess, SandboxNetwork, WorkerExit, SharedTmp } from '../sandbox.ts';
import { childrenOf } from '../../host/process-tree.ts';
import { closeNetwork } from './opened-namespaces.ts';

/** The runner's connection to the program that starts the worker. */
export interface StarterLine {
  /** Starts the worker. */
  run(): void;
  close(): void;
}

/** The worker that a waiting starter becomes. */
export interface Assignment {
  /** Path of a Node worker's entry, as the starter sees it. */
  readonly entry?: string;
  /** Command line of any other worker. */
  readonly command?: readonly string[];
  /** Variables in addition to the starter's. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The processes in one sandbox. */
export interface ProcessGroup {
  memoryBytes(limitBytes: number): Promise<number>;
  cpuSeconds(): Promise<number>;
  /** Sends SIGTERM to all. */
  askToEnd(): Promise<void>;
  /** Kills all; resolves when none is left. */
  kill(): Promise<void>;
}

/**
 * Moves a process and its descendants to a cgroup. Processes that they start later are in it too.
 * @returns undefined if there is no cgroup, or the move failed; the processes must then be measured one by one
 */
export async function joinCgroup(
  child: ChildProcess,
  cgroup: Cgroup | undefined,
): Promise<Cgroup | undefined> {
  if (cgroup === undefined) return undefined;
  try {
    for (const members = [child.pid ?? Number.NaN]; members.length > 0;) {
      const pid = members.pop() ?? Number.NaN;
      await cgroup.add(pid);
      members.push(...childrenOf(pid));
    }
    return cgroup;
  } catch {
    return undefined;
  }
}

/** Measures with the cgroup's controllers if it has them, and otherwise by looking at the processes. */
export function countedBy(cgroup: Cgroup | undefined, group: ProcessGroup): ProcessGroup {
  const memory = cgroup?.controls.has('memory') ? cgroup : group;
  const cpuTime = cgroup?.controls.has('cpu time') ? cgroup : group;
  return {
    memoryBytes: async (limitBytes) => memory.memoryBytes(limitBytes),
    cpuSeconds: async () => cpuTime.cpuSeconds(),
    askToEnd: async () => group.askToEnd(),
    kill: async () => group.kill(),
  };
}

/** Maximum time to wait until the starter listens. */
const startLimitMilliseconds = 60_000;

interface StarterMessage {
  /** Port of the listener that comes with the message. */
  readonly listening?: number;
  readonly error?: string;
  readonly code?: string;
  /** Port that caused the error. */
  readonly port?: number;
}

/** The listeners of a worker by port. */
export type Listeners = ReadonlyMap<number, Server>;

/** End of a spawned process; never rejects. */
export async function endOf(child: ChildProcess): Promise<WorkerExit> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/** Decodes the exit code of a shell, which reports a signal as 128 + number. */
export function exitOfShell(end: WorkerExit): WorkerExit {
  const code = end.exitCode;
  if (code === null || code <= 128) return end;
  const names = Object.entries(os.constants.signals) as [NodeJS.Signals, number][];
  const name = names.find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? end : { exitCode: null, signal: name };
}

/** Resolves when the starter has sent this many listeners: one per message, because Node sends one handle at a time. */
async function listenersOf(child: ChildProcess, count: number, signal: AbortSignal): Promise<Listeners> {
  const listeners = new Map<number, Server>();
  const all = Promise.withResolvers<Listeners>();
  const onMessage = (message: StarterMessage, handle: unknown): void => {
    if (message.listening !== undefined && handle instanceof Server) {
      listeners.set(message.listening, handle);
      if (listeners.size === count) all.resolve(listeners);
    } else {
      const { error = 'the sandbox sent no listener', code, port } = message;
      all.reject(Object.assign(new Error(error), { code, port }));
    }
  };
  const onAbort = (): void => {
    for (const listener of listeners.values()) listener.close();
    all.reject(signal.reason);
  };
  child.on('message', onMessage);
  signal.addEventListener('abort', onAbort);
  return all.promise.finally(() => {
    child.off('message', onMessage);
    signal.removeEventListener('abort', onAbort);
  });
}

/**
 * Waits until the starter has sent its listeners.
 * @param count number of ports that it listens on
 * @throws Error with the starter's message or output if it fails; with its `code`, such as `EADDRINUSE`, and the `port`
 *   that caused it
 */
export async function receiveListeners(child: ChildProcess, count: number): Promise<Listeners> {
  return started(child, async (signal) => listenersOf(child, count, signal));
}

/**
 * Waits until a starter that has no listeners to send is ready.
 * @throws Error with the starter's output if it ends first
 */
export async function readyStarter(child: ChildProcess, channel: Socket): Promise<void> {
  await started(child, async (signal) => once(channel, 'data', { signal }));
}

/** @param outcome of the start; aborted if the process ends first, or takes too long */
async function started<T extends object>(
  child: ChildProcess,
  outcome: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const settled = new AbortController();
  const { signal } = settled;
  const ended = Promise.withResolvers<string>();
  const onExit = (): void => {
    // Starts reading immediately, because Node drops unread output after this event.
    ended.resolve(child.stderr === null ? Promise.resolve('') : text(child.stderr));
  };
  child.once('exit', onExit);
  const first = await Promise.race([
    outcome(signal),
    ended.promise,
    setTimeout(startLimitMilliseconds, undefined, { signal }),
  ]).finally(() => {
    settled.abort();
    child.off('exit', onExit);
  });
  if (first === undefined)
    throw new Error(`the sandbox did not start within ${startLimitMilliseconds / 1000} seconds`);
  if (typeof first === 'string')
    throw new Error(first.trim() || 'the sandbox exited before it started the worker');
  return first;
}

export interface WorkerParts {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly starter: StarterLine;
  readonly listeners: Listeners;
  readonly network?: SandboxNetwork | undefined;
  readonly connect?: SandboxedProcess['connect'];
  /** End of the worker itself. */
  readonly exited: Promise<WorkerExit>;
  readonly group: ProcessGroup;
  /** Frees the sandbox's resources. Called once, after the worker was closed or closing failed. */
  readonly release?: (() => Promise<void>) | undefined;
  readonly tmp?: SharedTmp | undefined;
}

/**
 * The parts of a worker that its starter provides.
 * @param child the starter, with stdout and stderr as pipes and an open IPC channel
 * @param assignment the worker that the starter becomes
 */
export function partsOf(
  child: ChildProcess,
  assignment: Assignment,
): Pick<WorkerParts, 'stdout' | 'stderr' | 'starter'> {
  const close = (): void => {
    if (child.connected) child.disconnect();
  };
  // The channel is closed after the assignment, so that a worker cannot send to the runner.
  return { ...outputOf(child), starter: { run: () => child.send(assignment, close), close } };
}

/** The same parts of a starter that reads its assignment from a socket. */
export function partsOfWaiting(
  child: ChildProcess,
  channel: Socket,
  assignment: Assignment,
): Pick<WorkerParts, 'stdout' | 'stderr' | 'starter'> {
  const run = (): void => void channel.end(`${JSON.stringify(assignment)}\n`);
  return { ...outputOf(child), starter: { run, close: () => channel.destroy() } };
}

function outputOf(child: ChildProcess): Pick<WorkerParts, 'stdout' | 'stderr'> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a worker needs stdout and stderr as pipes');
  child.on('error', () => {
    // A message or signal could not be sent to a process that is ending; `exited` reports its end.
  });
  return { stdout, stderr };
}

export class StartedWorker implements SandboxedProcess {
  readonly network: SandboxNetwork | undefined;
  readonly connect: SandboxedProcess['connect'];
  readonly tmp: SharedTmp | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<WorkerExit>;
  readonly #starter: StarterLine;
  readonly #group: ProcessGroup;
  readonly #listeners: Listeners;
  readonly #connections = new Set<Socket>();
  readonly #release: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: WorkerParts) {
    const { stdout, stderr, starter, listeners, network, connect, exited, group, release, tmp } = parts;
    this.network = network;
    this.connect = connect && (async (host, port) => this.#watched(await connect(host, port)));
    this.tmp = tmp;
    this.stdout = stdout;
    this.stderr = stderr;
    this.exited = exited;
    this.#starter = starter;
    this.#group = group;
    this.#listeners = listeners;
    this.#release = release;
    for (const listener of [...listeners.values(), ...(network?.listeners.values() ?? [])]) {
      listener.on('connection', (socket) => this.#watched(socket));
    }
  }

  #watched(socket: Socket): Socket {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    // A worker may reset its connection at any time, even before it is served.
    socket.on('error', () => socket.destroy());
    return socket;
  }

  listener(port: number): Server {
    const listener = this.#listeners.get(port);
    if (listener === undefined) throw new RangeError(`the sandbox was not opened with port ${port}`);
    return listener;
  }

  run(): void {
    this.#starter.run();
  }

  async memoryBytes(limitBytes = 0): Promise<number> {
    return this.#group.memoryBytes(limitBytes);
  }

  async cpuSeconds(): Promise<number> {
    return this.#group.cpuSeconds();
  }

  async terminate(graceMilliseconds: number): Promise<void> {
    const ended = new AbortController();
    await this.#group.askToEnd();
    await Promise.race([
      this.exited,
      setTimeout(graceMilliseconds, undefined, { signal: ended.signal }).catch(() => {}),
    ]);
    ended.abort();
    await this.#kill();
  }

  async close(): Promise<void> {
    this.#closing ??= this.#closeAndRelease();
    return this.#closing;
  }

  async #kill(): Promise<void> {
    await this.#group.kill();
    await this.exited;
  }

  async #closeAndRelease(): Promise<void> {
    try {
      await this.#close();
    } finally {
      await this.#release?.();
    }
  }

  async #close(): Promise<void> {
    await this.#kill();
    for (const socket of this.#connections) socket.destroy();
    this.stdout.destroy();
    this.stderr.destroy();
    this.#starter.close();
    if (this.network !== undefined) await closeNetwork(this.network);
    await Promise.all(
      Array.from(this.#listeners.values(), async (listener) => {
        if (!listener.listening) return;
        const closed = once(listener, 'close');
        listener.close();
        await closed;
      }),
    );
  }
}
