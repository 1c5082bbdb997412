/**
 * The contract of a sandbox, in which the worker of one subtask runs. The runner serves some ports of the sandbox's
 * loopback. `sandboxes/` has the kinds.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Cgroup } from './cgroup.ts';

/** Address at which workers look for the SDK server, inside the sandbox. */
export const sdkAddress = { host: '127.0.0.1', port: 20086 } as const;

/** Addresses of the two ends of a sandbox's network, as the worker sees them. The far end has the name server. */
export const networkAddresses = {
  near: '198.18.0.2',
  far: '198.18.0.1',
  nearIPv6: 'fd63:6865:6c61::2',
  farIPv6: 'fd63:6865:6c61::1',
} as const;

/** Sockets that receive the worker's connections and queries to other hosts. */
export interface SandboxNetwork {
  /** By port. The local address of an accepted connection is the address that the worker connected to. */
  readonly listeners: ReadonlyMap<number, Server>;
  /** Receives DNS queries. */
  readonly names: DatagramSocket;
}

export interface SandboxLimits {
  /** Maximum number of processes and threads; Node alone needs about a dozen threads. */
  readonly processes: number;
  /** Maximum number of open descriptors per process. */
  readonly openFiles: number;
  /** Maximum size of a file; writing beyond it fails with EFBIG. */
  readonly fileSizeBytes: number;
  /** Size of the private `/tmp`, and also of `/dev/shm`. */
  readonly tmpBytes: number;
  /**
   * Maximum memory, for kinds in which the kernel enforces it. The opener of the sandbox has to watch it in any case.
   */
  readonly memoryBytes?: number;
  /** CPUs for all processes together, such as 0.5, if the kind can limit them; unlimited if omitted. */
  readonly cpus?: number;
}

/** The part of the machine that a run may use. */
export interface ResourceShare {
  readonly memoryMegabytes: number;
  /** Processors' time, such as 0.5. */
  readonly cpus: number;
}

/** How to run a worker in another language than JavaScript, or on another Node than Chela's. */
export interface Launch {
  /**
   * Host folders that the worker reads, by name. If the name is an absolute path, the folder is mounted there, in
   * sandboxes with their own file system.
   */
  readonly mounts: Readonly<Record<string, string>>;
  /**
   * The command line.
   * @param places paths of the mounts inside the sandbox, by name
   * @param entry path of the entry inside the sandbox
   * @param nodeEntry path of the script that turns a Node process into a worker
   */
  command(places: Readonly<Record<string, string>>, entry: string, nodeEntry: string): string[];
  environment(places: Readonly<Record<string, string>>): Record<string, string>;
  /** Folders that precede the system's on the worker's PATH. */
  programs?(places: Readonly<Record<string, string>>): string[];
}

/** The `/tmp` of a sandbox that other sandboxes can share. */
export interface SharedTmp {
  /** Start of a command line that runs the rest with `/tmp` mounted on `folder`. It requires the descriptors. */
  readonly enter: readonly string[];
  /** Descriptors of the user and mount namespaces. */
  readonly descriptors: readonly [number, number];
  readonly folder: string;
  /** The only user who can use it; the runner's user if undefined. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

export interface SandboxOptions {
  /** Host folder of the unpacked package; copied, never modified, shared by runs. */
  readonly packageDir: string;
  /** Host folder mounted read-only as `node_modules` in the package root. */
  readonly nodeModulesDir?: string | undefined;
  /** Empty host folder for this subtask. The caller creates it, and removes it after `close()`. */
  readonly scratchDir: string;
  /** `main.js`, relative to the package root. */
  readonly entry: string;
  /** How to run the entry; with Chela's own Node if omitted. */
  readonly launch?: Launch | undefined;
  /** The whole environment of the worker, besides PATH, HOME, TMPDIR, LANG, its certificates and its share. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ports of the sandbox's 127.0.0.1 that the runner serves; at least one. */
  readonly ports: readonly number[];
  /**
   * One of `ports` that the runner serves on every IPv4 address of loopback. The local address of an accepted connection
   * is the address that was connected to. Only for kinds with their own loopback.
   */
  readonly wildcardPort?: number | undefined;
  /** Ports of other hosts that the runner serves (`SandboxedProcess.network`). If omitted, there is only loopback. */
  readonly networkPorts?: readonly number[] | undefined;
  /** Zero-based slot of the runner, which determines the unprivileged user id. Open sandboxes must not share a slot. */
  readonly slot: number;
  readonly limits: SandboxLimits;
  /** The memory and processors that the worker's programs see; the whole machine's if omitted. */
  readonly share?: ResourceShare | undefined;
  /** All processes of the sandbox are put into it before they do anything. The caller removes it. */
  readonly cgroup?: Cgroup | undefined;
  /**
   * The kind of `/tmp`: `shareable` with other sandboxes (`SandboxedProcess.tmp`), or that of another sandbox, whose
   * user id is then shared too. Private if omitted.
   */
  readonly tmp?: 'shareable' | SharedTmp | undefined;
  /** Path of another folder in memory, with the size of `/tmp`, that is never shared. */
  readonly ownTmp?: string | undefined;
  /** Identifies the subtask in lists of the host's sandboxes. */
  readonly label?: string | undefined;
}

export interface WorkerExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The kernel killed a process at the memory limit. */
  readonly outOfMemory?: boolean;
}

export interface SandboxedProcess {
  /**
   * Accepts the worker's connections to this port of its 127.0.0.1.
   * @throws RangeError for a port that is not in `ports`
   */
  listener(port: number): Server;
  /** Undefined if the sandbox was opened without `networkPorts`. */
  readonly network?: SandboxNetwork | undefined;
  /**
   * Connects to a port of its loopback, on which the worker listens. Undefined if the kind or the system cannot do that.
   * @param host an address of loopback
   * @throws Error with the reason, for example if nothing listens there
   */
  readonly connect?: ((host: string, port: number) => Promise<Socket>) | undefined;
  /** Undefined if it was not opened as shareable, or the kind or the system cannot share it. */
  readonly tmp?: SharedTmp | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the worker itself exits; never rejects. Its remaining child processes are killed. */
  readonly exited: Promise<WorkerExit>;
  /** Starts the worker's own code. Call it once the listeners are served. */
  run(): void;
  /**
   * Current memory of the process tree. Shared pages count in proportion; files in memory (`/tmp`) count too.
   * @param limitBytes limit to compare with: far below it, the result may be an upper bound, which is cheaper; exact if
   *   omitted
   */
  memoryBytes(limitBytes?: number): Promise<number>;
  /**
   * CPU time of the process tree so far. Without a cgroup it covers only the processes that exist now: it decreases
   * when processes end, and is 0 after the last.
   */
  cpuSeconds(): Promise<number>;
  /**
   * Sends SIGTERM to all processes, and SIGKILL to the rest after the grace period. Resolves when all are gone. A
   * second call with a shorter grace period shortens the first.
   */
  terminate(graceMilliseconds: number): Promise<void>;
  /** Kills remaining processes and closes descriptors and listeners; unread output is dropped. Idempotent. */
  close(): Promise<void>;
}

export interface Sandbox {
  readonly name: string;
  /**
   * Whether the kind itself makes the kernel limit memory, CPU and processes, so that it needs no cgroup of the runner.
   */
  readonly keepsLimits?: boolean;
  /** A warning for operators at start, and for authors in the log of every run. */
  readonly warning?: string;
  /** @throws Error that says what is missing and which command installs it */
  check(): Promise<void>;
  /** Removes what killed runners left behind. */
  removeLeftovers(): Promise<void>;
  /** Whether workers can be given ports below 1024; if missing, they cannot. Never rejects. */
  offersPort?(port: number): Promise<boolean>;
  /**
   * Why sandboxes cannot be opened with `networkPorts`; undefined if they can. The method is missing for kinds whose
   * workers use the network of the machine. Never rejects.
   */
  networkProblem?(): Promise<string | undefined>;
  /**
   * Prepares a sandbox up to the worker's first line of code; `run()` continues from there.
   * @throws Error with the sandbox's output if it cannot be opened; nothing is left running
   */
  open(options: SandboxOptions): Promise<SandboxedProcess>;
  /**
   * Closes sandboxes that were opened in advance, for kinds that do so. Sandboxes returned by `open()` still belong to
   * their owners. May be called again later. Idempotent.
   */
  closeWarm?(): Promise<void>;
}
