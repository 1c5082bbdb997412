/**
 * The contract of a subtask's control group (cgroup). The kernel limits all processes in it together, and counts what
 * they use, however short-lived they are. `cgroups/` has the kinds.
 */

/** What the kernel can do for a cgroup. Not every machine supports all of it. */
export const cgroupControls = ['memory', 'cpu', 'processes', 'cpu time'] as const;
export type CgroupControl = (typeof cgroupControls)[number];

export interface CgroupLimits {
  /** Includes files in memory (`/tmp`). The kernel kills processes that exceed it. */
  readonly memoryBytes: number;
  /** Number of CPUs; processes that exceed it are throttled. */
  readonly cpus: number;
  /** Number of processes and threads; starting more fails with EAGAIN. */
  readonly processes: number;
}

/** Events in a cgroup since its creation. */
export interface CgroupSigns {
  /**
   * Whether the kernel killed a process for memory: at the cgroup's limit, or because the machine ran out of memory.
   */
  readonly outOfMemory: 'limit' | 'machine' | undefined;
  /** Whether a process or thread could not start because of the limit. */
  readonly processesRefused: boolean;
}

export interface Cgroup {
  /** The limits in force, and what is counted. */
  readonly controls: ReadonlySet<CgroupControl>;
  /** Changes the limit on processes; negative to lower it. Does nothing if there is no such limit. */
  allowProcesses(more: number): Promise<void>;
  /** Adds a process with its threads. Its future children belong to the cgroup too. */
  add(pid: number): Promise<void>;
  /**
   * Memory in use, without what the kernel can reclaim at once. Requires the control `memory`.
   * @param limitBytes limit to compare with: far below it, the result may be an upper bound, which is cheaper; exact if
   *   omitted
   */
  memoryBytes(limitBytes?: number): Promise<number>;
  /** CPU time of all processes so far, including ended ones. Requires the control `cpu time`. */
  cpuSeconds(): Promise<number>;
  signs(): Promise<CgroupSigns>;
  /**
   * Kills the remaining processes and removes the cgroup. Idempotent.
   * @throws Error if the kernel does not release it in time
   */
  remove(): Promise<void>;
}

/** One version of cgroups on this machine, with a folder for this runner. */
export interface CgroupKind {
  /** Name for operators: `cgroup v1`. */
  readonly name: string;
  readonly controls: ReadonlySet<CgroupControl>;
  /**
   * @param name name of the new folder
   * @throws Error if the kernel refuses; nothing is left behind
   */
  create(name: string, limits: CgroupLimits): Promise<Cgroup>;
  /** Removes the runner's folder. */
  close(): Promise<void>;
}
