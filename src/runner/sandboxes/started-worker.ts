/** One started worker, of whichever kind of sandbox: the hand-over of its ports, its end, its closing. */
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
import { closeNetwork } from './network-link.ts';

/** The runner's end of the line to what starts the worker. */
export interface StarterLine {
  /** Says that the worker may begin. */
  run(): void;
  close(): void;
}

/** Which worker a waiting starter becomes. */
export interface Assignment {
  /** Path of a Node worker's entry, as the starter sees it. */
  readonly entry?: string;
  /** Command line of any other worker. */
  readonly command?: readonly string[];
  /** What its environment has beyond that of the starter. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How the processes of one sandbox are reached. */
export interface ProcessGroup {
  memoryBytes(limitBytes: number): Promise<number>;
  cpuSeconds(): Promise<number>;
  /** Sends SIGTERM to all. */
  askToEnd(): Promise<void>;
  /** Kills all; resolves when none is left. */
  kill(): Promise<void>;
}

/**
 * Puts a spawned process into its cgroup, with what it has started by then: what those start later is in it too.
 * @returns undefined where it is in none, so that it has to be watched
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

/** What a cgroup knows comes from there; for the rest the processes are looked at. */
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

/** Longest wait for a starter that neither listens nor ends. */
const startLimitMilliseconds = 60_000;

interface StarterMessage {
  /** Port of the listener that comes with the message. */
  readonly listening?: number;
  readonly error?: string;
  readonly code?: string;
  /** Port the error is about. */
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

/** The end that a shell's way of reporting it stands for: a signal as exit code 128 + number. */
export function exitOfShell(end: WorkerExit): WorkerExit {
  const code = end.exitCode;
  if (code === null || code <= 128) return end;
  const names = Object.entries(os.constants.signals) as [NodeJS.Signals, number][];
  const name = names.find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? end : { exitCode: null, signal: name };
}

/** Resolves once the starter has sent this many listeners. Each message is one listener: Node sends one handle at a time. */
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
  const giveUp = (): void => {
    for (const listener of listeners.values()) listener.close();
    all.reject(signal.reason);
  };
  child.on('message', onMessage);
  signal.addEventListener('abort', giveUp);
  return all.promise.finally(() => {
    child.off('message', onMessage);
    signal.removeEventListener('abort', giveUp);
  });
}

/**
 * Waits until the starter has sent its listeners.
 * @param count how many ports it was told to listen at
 * @throws Error with what the starter said or printed, when it ended before; `code` is the starter's, `EADDRINUSE` say, and
 *   `port` the port it is about
 */
export async function receiveListeners(child: ChildProcess, count: number): Promise<Listeners> {
  const settled = new AbortController();
  const { signal } = settled;
  const ended = Promise.withResolvers<string>();
  const onExit = (): void => {
    // At once: right after this event Node drops what nobody reads.
    ended.resolve(child.stderr === null ? Promise.resolve('') : text(child.stderr));
  };
  child.once('exit', onExit);
  const outcome = await Promise.race([
    listenersOf(child, count, signal),
    ended.promise,
    setTimeout(startLimitMilliseconds, undefined, { signal }),
  ]).finally(() => {
    settled.abort();
    child.off('exit', onExit);
  });
  if (outcome === undefined)
    throw new Error(`the sandbox did not start within ${startLimitMilliseconds / 1000} seconds`);
  if (typeof outcome === 'string')
    throw new Error(outcome.trim() || 'the sandbox exited before it started the worker');
  return outcome;
}

export interface WorkerParts {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly starter: StarterLine;
  readonly listeners: Listeners;
  readonly network?: SandboxNetwork | undefined;
  /** End of the worker itself. */
  readonly exited: Promise<WorkerExit>;
  readonly group: ProcessGroup;
  /** Gives back what its kind of sandbox holds for it: called once, after it was closed, or could not be. */
  readonly release?: (() => Promise<void>) | undefined;
  readonly tmp?: SharedTmp | undefined;
}

/**
 * The parts that a spawned starter has, with stdout and stderr as pipes and an open IPC channel.
 * @param assignment the worker that it is told to become
 */
export function partsOf(
  child: ChildProcess,
  assignment: Assignment,
): Pick<WorkerParts, 'stdout' | 'stderr' | 'starter'> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a worker needs stdout and stderr as pipes');
  child.on('error', () => {
    // A message or signal that a dying process could not take; its end shows in `exited`.
  });
  const close = (): void => {
    if (child.connected) child.disconnect();
  };
  // The runner's end is closed after its word: nothing a worker could get hold of leads to it.
  return { stdout, stderr, starter: { run: () => child.send(assignment, close), close } };
}

export class StartedWorker implements SandboxedProcess {
  readonly network: SandboxNetwork | undefined;
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

  constructor({ stdout, stderr, starter, listeners, network, exited, group, release, tmp }: WorkerParts) {
    this.network = network;
    this.tmp = tmp;
    this.stdout = stdout;
    this.stderr = stderr;
    this.exited = exited;
    this.#starter = starter;
    this.#group = group;
    this.#listeners = listeners;
    this.#release = release;
    for (const listener of [...listeners.values(), ...(network?.listeners.values() ?? [])]) {
      listener.on('connection', (socket) => {
        this.#connections.add(socket);
        socket.once('close', () => this.#connections.delete(socket));
        // A worker may reset its connection at any time, also before anyone serves it.
        socket.on('error', () => socket.destroy());
      });
    }
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
