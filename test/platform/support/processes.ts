/** The processes of this machine, from `/proc`. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface SeenProcess {
  readonly pid: number;
  /** Distinguishes it from a later process with the same id. */
  readonly startTicks: string;
  readonly command: string;
}

function findProcess(pid: number): SeenProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    return { pid, startTicks: fields[19] ?? '', command };
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** All descendants of a process. */
export function descendantsOf(pid: number): SeenProcess[] {
  const pids = childrenOf(pid);
  for (const child of pids) pids.push(...childrenOf(child));
  return pids.map(findProcess).filter((seen) => seen !== undefined);
}

/** Those still running. */
export function stillRunning(processes: readonly SeenProcess[]): SeenProcess[] {
  return processes.filter(({ pid, startTicks }) => findProcess(pid)?.startTicks === startTicks);
}

/** Resolves once none of them is running. @throws Error with those left when the time is up */
export async function untilAllEnded(
  processes: readonly SeenProcess[],
  limitMilliseconds: number,
): Promise<void> {
  const deadline = Date.now() + limitMilliseconds;
  for (;;) {
    const left = stillRunning(processes);
    if (left.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`still running: ${left.map(({ command }) => command).join('; ')}`);
    await delay(20);
  }
}
