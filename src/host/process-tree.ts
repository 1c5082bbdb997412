/** The processes of one pid namespace as `/proc` of the host shows them; Linux only. */
import { readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** Share of a limit; the kernel's quick figures may be a few pages a thread behind. */
const farBelow = 0.75;

/** Linux shows processor time in these, whatever the kernel was built with. */
const clockTicksPerSecond = 100;

interface ProcessStat {
  readonly state: string;
  /** In clock ticks since boot; tells a process from a later one with the same id. */
  readonly startTime: string;
  /** Processor time, that of ended children included. */
  readonly clockTicks: number;
}

/** What a file of `/proc` says; empty when its process has ended or is out of reach. */
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
  // The name in parentheses may itself hold spaces and parentheses.
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

/** All processes below the first process of a pid namespace: orphans become its children, so none escapes. */
export class ProcessTree {
  readonly #rootPid: number;
  readonly #startTime: string | undefined;

  /** @param rootPid first process of the namespace, numbered as the host does */
  constructor(rootPid: number) {
    this.#rootPid = rootPid;
    this.#startTime = processStat(rootPid)?.startTime;
  }

  /** A zombie counts as dead: the kernel lets the first process become one only after all others are gone. */
  #alive(): boolean {
    const now = processStat(this.#rootPid);
    return now !== undefined && now.startTime === this.#startTime && now.state !== 'Z' && now.state !== 'X';
  }

  /** Ids of all processes below the first one; empty once it is dead. */
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
        // Ended since it was listed.
      }
    }
  }

  /** Kills the first process, and by it the kernel all others; resolves when none is left. */
  async kill(): Promise<void> {
    let pauseMilliseconds = 1;
    while (this.#alive()) {
      try {
        process.kill(this.#rootPid, 'SIGKILL');
      } catch {
        // Ended since the look above.
      }
      // Nothing announces the end of a process that is not our own child.
      await setTimeout(pauseMilliseconds);
      pauseMilliseconds = Math.min(pauseMilliseconds * 2, 20);
    }
  }

  /** Tells the kernel to take this tree first when the machine runs out of memory; a best effort. */
  preferForOutOfMemory(): void {
    for (const pid of [this.#rootPid, ...this.pids()]) {
      try {
        writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
      } catch {
        // Ended since it was listed, or out of reach.
      }
    }
  }

  /** Processor time so far: ended processes count from when their parent has taken notice. */
  cpuSeconds(): number {
    if (!this.#alive()) return 0;
    const ticks = [this.#rootPid, ...this.pids()].map((pid) => processStat(pid)?.clockTicks ?? 0);
    return ticks.reduce((sum, each) => sum + each, 0) / clockTicksPerSecond;
  }

  /**
   * Memory of all processes, shared pages in proportion.
   * @param memoryFolders mounts, as the processes see them, whose files live in memory
   * @param limitBytes far below it, an upper bound will do: the kernel has one at hand, but counts shared pages by walking
   *   through all of a process's memory
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
    if (boundBytes < limitBytes * farBelow) return boundBytes;
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
    // A file in memory that is also mapped shows in both, so the larger of the two stands for both.
    return ownKilobytes * 1024 + Math.max(sharedKilobytes * 1024, fileBytes);
  }
}
