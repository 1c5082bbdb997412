/**
 * The contract of a control group (cgroup) of one subtask: the kernel holds all processes in it to their limits together and
 * counts what they use, however short they live. The kinds are in `cgroups/`.
 */

/** What the kernel can do for a cgroup here; not every machine hands out all of it. */
export const cgroupControls = ['memory', 'cpu', 'processes', 'cpu time'] as const;
export type CgroupControl = (typeof cgroupControls)[number];

export interface CgroupLimits {
  /** Files in memory (`/tmp`) count too. Beyond, the kernel kills. */
  readonly memoryBytes: number;
  /** Processors' worth of time; beyond, processes wait. */
  readonly cpus: number;
  /** Processes and threads; beyond, starting one fails with EAGAIN. */
  readonly processes: number;
}

/** What happened in a cgroup since it was made. */
export interface CgroupSigns {
  /** Whether the kernel killed for memory, and whose: at the limit of the cgroup, or where the machine had none left. */
  readonly outOfMemory: 'limit' | 'machine' | undefined;
  /** Whether a process or thread could not be started for the limit. */
  readonly processesRefused: boolean;
}

export interface Cgroup {
  /** The limits that are in force, and what is counted. */
  readonly controls: ReadonlySet<CgroupControl>;
  /** Raises the limit of processes by so many, or lowers it by a negative number. Does nothing if it is not in force. */
  allowProcesses(more: number): Promise<void>;
  /** Puts a process and its threads in; what it starts from now on is in too. */
  add(pid: number): Promise<void>;
  /**
   * Memory in use, without what the kernel can drop at once. Needs the control `memory`.
   * @param limitBytes what it is compared with: far below it the answer may be an upper bound, which is cheaper; exact
   *   if omitted
   */
  memoryBytes(limitBytes?: number): Promise<number>;
  /** Processor time of all processes so far, ended ones included. Needs the control `cpu time`. */
  cpuSeconds(): Promise<number>;
  signs(): Promise<CgroupSigns>;
  /**
   * Kills what is left in it and removes it. Idempotent.
   * @throws Error if the kernel does not let it go in time
   */
  remove(): Promise<void>;
}

/** One version of cgroups on this machine, with a folder of this runner's own. */
export interface CgroupKind {
  /** As an operator knows it: `cgroup v1`. */
  readonly name: string;
  readonly controls: ReadonlySet<CgroupControl>;
  /**
   * @param name of the new folder
   * @throws Error if the kernel refuses; nothing is left then
   */
  create(name: string, limits: CgroupLimits): Promise<Cgroup>;
  /** Removes the runner's own folder. */
  close(): Promise<void>;
}
