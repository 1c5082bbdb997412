/**
 * The contract of every kind of sandbox: a place where one subtask's worker runs, with the ports where it looks for its
 * platform handed out to the runner. The kinds are in `sandboxes/`.
 */
import type { Server } from 'node:net';
import type { Readable } from 'node:stream';
import type { Cgroup } from './cgroup.ts';

/** Where the SDK of every worker looks for its platform, as the worker sees it. */
export const sdkAddress = { host: '127.0.0.1', port: 20086 } as const;

export interface SandboxLimits {
  /** Most processes and threads at a time; Node alone needs about a dozen threads. */
  readonly processes: number;
  /** Most open descriptors of one process. */
  readonly openFiles: number;
  /** Largest file a process may write; writing on fails with EFBIG. */
  readonly fileSizeBytes: number;
  /** Size of the private `/tmp`, and again of `/dev/shm`. */
  readonly tmpBytes: number;
  /** Most memory, where the kind has the kernel keep it; whoever opens the sandbox watches it all the same. */
  readonly memoryBytes?: number;
  /** Processors' time for all processes together, such as 0.5, where the kind can limit it; none if omitted. */
  readonly cpus?: number;
}

/** How a worker runs that is not one of Node. */
export interface Launch {
  /**
   * Host folders that the worker reads, by a name. One that is an absolute path is mounted there, in sandboxes with a file
   * system of their own.
   */
  readonly mounts: Readonly<Record<string, string>>;
  /**
   * The command line.
   * @param places where the worker finds each of the mounts
   * @param entry where it finds its entry
   */
  command(places: Readonly<Record<string, string>>, entry: string): string[];
  environment(places: Readonly<Record<string, string>>): Record<string, string>;
}

export interface SandboxOptions {
  /** Host folder of the unpacked package: copied, never modified, shared by runs. */
  readonly packageDir: string;
  /** Host folder mounted read-only as `node_modules` in the package root. */
  readonly nodeModulesDir?: string | undefined;
  /** Empty host folder of this one subtask; the caller makes it, and removes it after `close()`. */
  readonly scratchDir: string;
  /** `main.js`, relative to the package root. */
  readonly entry: string;
  /** How the entry is run; by Node if omitted. */
  readonly launch?: Launch | undefined;
  /** All the worker sees, besides PATH, HOME, TMPDIR and LANG. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ports of the worker's own 127.0.0.1 that the runner serves; at least one. */
  readonly ports: readonly number[];
  /** Zero-based slot of the runner; decides the unprivileged user id. No two open sandboxes may share it. */
  readonly slot: number;
  readonly limits: SandboxLimits;
  /** Where all processes of the sandbox are put before they do anything; removing it is the caller's. */
  readonly cgroup?: Cgroup | undefined;
  /** Names the subtask to those who list the sandboxes of the host. */
  readonly label?: string | undefined;
}

export interface WorkerExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The kernel ended a process at the limit of memory. */
  readonly outOfMemory?: boolean;
}

export interface SandboxedProcess {
  /**
   * Accepts what the worker opens at this port of its own 127.0.0.1.
   * @throws RangeError for a port that the sandbox was not opened with
   */
  listener(port: number): Server;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** End of the worker itself; never rejects. What else it started is killed with it. */
  readonly exited: Promise<WorkerExit>;
  /** Lets the worker's own code begin; call it once the listeners are served. */
  run(): void;
  /**
   * Memory of the whole process tree now: shared pages count in proportion, files in memory (`/tmp`) count too.
   * @param limitBytes what it is compared with: far below it the answer may be an upper bound, which is cheaper; exact
   *   if omitted
   */
  memoryBytes(limitBytes?: number): Promise<number>;
  /**
   * Processor time of the whole process tree so far. Without a cgroup that is what can be seen of it now: less once processes
   * have ended, nothing once all have.
   */
  cpuSeconds(): Promise<number>;
  /**
   * SIGTERM to all processes, SIGKILL to what is left after the grace. Resolves when all are gone. A second call with
   * a shorter grace shortens the first.
   */
  terminate(graceMilliseconds: number): Promise<void>;
  /** Kills what is left and closes descriptors and listeners; output not read by then is dropped. Idempotent. */
  close(): Promise<void>;
}

export interface Sandbox {
  readonly name: string;
  /** It has the kernel keep memory, processors and processes to their limits itself: no cgroup of the runner's is wanted. */
  readonly keepsLimits?: boolean;
  /** What operators and authors have to be told of at the start and in the log of every run. */
  readonly warning?: string;
  /** @throws Error that says what is missing and the one command that installs it */
  check(): Promise<void>;
  /** Removes what runners left behind that were killed. */
  removeLeftovers(): Promise<void>;
  /** Whether workers can be given a port below 1024; none can where it is missing. Never rejects. */
  offersPort?(port: number): Promise<boolean>;
  /**
   * Readies a sandbox up to the point before the worker's first line; `run()` goes on from there.
   * @throws Error with what the sandbox printed, when it cannot be made; nothing is left running then
   */
  open(options: SandboxOptions): Promise<SandboxedProcess>;
  /**
   * Ends what was opened ahead of its subtask, for kinds that do so. What `open()` answered stays its owner's; it may be
   * called again later. Idempotent.
   */
  closeWarm?(): Promise<void>;
}
