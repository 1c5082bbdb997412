/** The processes of a pid namespace, as seen in the host's `/proc`. Linux only. */
import { readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** Share of a limit below which rough figures will do; the kernel's may lag by a few pages per thread. */
const approximateShare = 0.75;

/** Unit of CPU time in `/proc`, whatever the kernel's configuration. */
const clockTicksPerSecond = 100;

interface ProcessStat {
  readonly state: string;
  /** In clock ticks since boot; distinguishes a process from a later one with the same id. */
  readonly startTime: string;
  /** CPU time, including ended children. */
  readonly clockTicks: number;
}

/** Content of a file in `/proc`; empty if its process has ended or cannot be accessed. */
function procText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function processStat(pid: number): ProcessStat | undefined {
  const text = procText(`/proc/${pid}/stat`);
  if (text === '') return undefined;
  // The name in parentheses may contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const clockTicks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { state: fields[0] ?? '', startTime: fields[19] ?? '', clockTicks };
}

/** @returns undefined if there is no such process */
export function processStartTime(pid: number): string | undefined {
  return processStat(pid)?.startTime;
}

export function childrenOf(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) =>
    procText(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

function kilobytesOf(name: string, text: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name}:`));
  return Number.parseInt(line?.slice(name.length + 1) ?? '0', 10);
}

function usedBytes(folder: string): number {
  try {
    const { blocks, bfree, bsize } = statfsSync(folder);
    return (blocks - bfree) * bsize;
  } catch {
    return 0;
  }
}

/** All processes of a pid namespace, below its first process. Orphans become its children, so none escapes. */
export class ProcessTree {
  readonly #rootPid: number;
  readonly #startTime: string | undefined;

  /** @param rootPid host pid of the namespace's first process */
  constructor(rootPid: number) {
    this.#rootPid = rootPid;
    this.#startTime = processStat(rootPid)?.startTime;
  }

  /** Id of the first process. */
  get first(): number {
    return this.#rootPid;
  }

  /** A zombie counts as dead: the first process becomes one only after all others have ended. */
  #alive(): boolean {
    const now = processStat(this.#rootPid);
    return now !== undefined && now.startTime === this.#startTime && now.state !== 'Z' && now.state !== 'X';
  }

  /** Ids of all processes below the first one; empty once that is dead. */
  pids(): number[] {
    if (!this.#alive()) return [];
    const found = childrenOf(this.#rootPid);
    for (const pid of found) found.push(...childrenOf(pid));
    return found;
  }

  signalAll(signal: NodeJS.Signals): void {
    for (const pid of this.pids()) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended since it was listed.
      }
    }
  }

  /** Kills the first process, whereupon the kernel kills all others; resolves when none is left. */
  async kill(): Promise<void> {
    let pauseMilliseconds = 1;
    while (this.#alive()) {
      try {
        process.kill(this.#rootPid, 'SIGKILL');
      } catch {
        // It has ended since the check above.
      }
      // There is no notification for processes that are not our children.
      await setTimeout(pauseMilliseconds);
      pauseMilliseconds = Math.min(pauseMilliseconds * 2, 20);
    }
  }

  /** Makes the kernel's OOM killer prefer this tree; best effort. */
  preferForOutOfMemory(): void {
    for (const pid of [this.#rootPid, ...this.pids()]) {
      try {
        writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
      } catch {
        // It has ended since it was listed, or cannot be accessed.
      }
    }
  }

  /** CPU time so far. An ended process counts once its parent has waited for it. */
  cpuSeconds(): number {
    if (!this.#alive()) return 0;
    const ticks = [this.#rootPid, ...this.pids()].map((pid) => processStat(pid)?.clockTicks ?? 0);
    return ticks.reduce((sum, each) => sum + each, 0) / clockTicksPerSecond;
  }

  /**
   * Memory of all processes, with shared pages counted in proportion.
   * @param memoryFolders paths inside the namespace of mounts whose files are in memory
   * @param limitBytes far below this limit an upper bound is returned, which is cheap; exact figures for shared pages
   *   make the kernel walk all memory of a process
   */
  async memoryBytes(memoryFolders: readonly string[], limitBytes: number): Promise<number> {
    const pids = this.pids();
    const fileBytes = memoryFolders.reduce(
      (sum, folder) => sum + usedBytes(`/proc/${pids[0] ?? 0}/root${folder}`),
      0,
    );
    const residentKilobytes = pids.reduce(
      (sum, pid) => sum + kilobytesOf('VmRSS', procText(`/proc/${pid}/status`)),
      0,
    );
    const boundBytes = residentKilobytes * 1024 + fileBytes;
    if (boundBytes < limitBytes * approximateShare) return boundBytes;
    const rollups = await Promise.all(
      pids.map(async (pid) => readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '')),
    );
    let ownKilobytes = 0;
    let sharedKilobytes = 0;
    for (const text of rollups) {
      const shared = kilobytesOf('Pss_Shmem', text);
      sharedKilobytes += shared;
      ownKilobytes += kilobytesOf('Pss', text) - shared;
    }
    // A file in memory that is also mapped appears in both figures, so use the larger one.
    return ownKilobytes * 1024 + Math.max(sharedKilobytes * 1024, fileBytes);
  }
}
