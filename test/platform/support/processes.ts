/** Processes of this machine as `/proc` shows them. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface SeenProcess {
  readonly pid: number;
  /** Tells it from a later one with the same id. */
  readonly startTicks: string;
  readonly command: string;
}

function see(pid: number): SeenProcess | undefined {
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

/** All processes below one, at any depth. */
export function descendantsOf(pid: number): SeenProcess[] {
  const pids = childrenOf(pid);
  for (const child of pids) pids.push(...childrenOf(child));
  return pids.map(see).filter((seen) => seen !== undefined);
}

/** Those that still run. */
export function stillRunning(processes: readonly SeenProcess[]): SeenProcess[] {
  return processes.filter(({ pid, startTicks }) => see(pid)?.startTicks === startTicks);
}

/** Resolves once none of them runs any more. @throws Error naming those left after the time */
export async function allGone(processes: readonly SeenProcess[], limitMilliseconds: number): Promise<void> {
  const deadline = Date.now() + limitMilliseconds;
  for (;;) {
    const left = stillRunning(processes);
    if (left.length === 0) return;
    if (Date.now() > deadline)
      throw new Error(`still running: ${left.map(({ command }) => command).join('; ')}`);
    await delay(20);
  }
}
