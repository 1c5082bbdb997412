/** Folders of the cgroup file system: the files in them, a runner's own among them, and their removal. */
import { randomBytes } from 'node:crypto';
import { constants, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { processStartTime } from '../../host/process-tree.ts';

/** An ended process leaves its cgroup only when the kernel is done with it. */
const removeLimitMilliseconds = 10_000;
const mostPauseMilliseconds = 50;
/** Share of a memory limit below which the total will do; the kernel sums up the rest for each who asks. */
const farBelow = 0.75;
/** `chela-PID-START-RANDOM`: the process that made it, told from a later one with the same id. */
const runnerFolder = /^chela-(\d+)-(\d+)-/;

/** Length of the time slice that a share of processor time is measured in. */
export const cpuPeriodMicroseconds = 100_000;

/** Share of each time slice; undefined if the machine has no more processors than that. */
export function cpuQuotaMicroseconds(cpus: number): number | undefined {
  return cpus >= availableParallelism() ? undefined : Math.round(cpus * cpuPeriodMicroseconds);
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Writes a file of the kernel's, some of which nobody may read. @throws Error ENOENT if it has none */
export async function writeExisting(file: string, content: string): Promise<void> {
  await writeFile(file, content, { flag: constants.O_WRONLY });
}

/** Writes a file that older kernels, or kernels without swap, do not have. */
export async function writeIfThere(file: string, content: string): Promise<void> {
  try {
    await writeExisting(file, content);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

export async function readNumber(file: string): Promise<number> {
  return Number(await readFile(file, 'latin1'));
}

/** Value of a line `key value`; 0 if there is none. */
export function keyedNumber(text: string, key: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${key} `));
  return Number(line?.slice(key.length) ?? 0);
}

/**
 * Memory in use less the part of it that is files nobody uses.
 * @param files with the total, and with the line `key` of that part
 */
export async function memoryInUse(
  files: { readonly total: string; readonly stat: string; readonly key: string },
  limitBytes: number,
): Promise<number> {
  const totalBytes = await readNumber(files.total);
  if (totalBytes < limitBytes * farBelow) return totalBytes;
  const stat = await readFile(files.stat, 'latin1');
  return Math.max(0, totalBytes - keyedNumber(stat, files.key));
}

export async function pidsIn(folder: string): Promise<number[]> {
  const text = await readFile(path.join(folder, 'cgroup.procs'), 'latin1');
  return text.split('\n').filter(Boolean).map(Number);
}

/** SIGKILL to every process listed. */
export async function killListed(folder: string): Promise<void> {
  for (const pid of await pidsIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended since it was listed.
    }
  }
}

/**
 * Removes a cgroup without cgroups below it.
 * @param kill ends what is in it; called again as long as something is
 * @throws Error if it is still in use after some seconds
 */
export async function removeCgroup(folder: string, kill: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + removeLimitMilliseconds;
  for (let pause = 1; ; pause = Math.min(pause * 2, mostPauseMilliseconds)) {
    try {
      await kill();
      await rmdir(folder);
      return;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      if (codeOf(error) !== 'EBUSY' || performance.now() > deadline) throw error;
    }
    await setTimeout(pause);
  }
}

/** A name for the folder of this runner, which `removeOfDeadRunners` of later ones understands. */
export function runnerFolderName(): string {
  const random = randomBytes(4).toString('hex');
  return `chela-${process.pid}-${processStartTime(process.pid) ?? 0}-${random}`;
}

/** Removes what runners that died left. Their processes died with them; what is still in use is left alone. */
export async function removeOfDeadRunners(parent: string): Promise<void> {
  const names = await readdir(parent);
  for (const name of names) {
    const [, pid = '', startTime = ''] = runnerFolder.exec(name) ?? [];
    if (pid === '' || processStartTime(Number(pid)) === startTime) continue;
    const folder = path.join(parent, name);
    await removeIfUnused(folder);
  }
}

async function removeIfUnused(folder: string): Promise<void> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) await rmdir(path.join(folder, entry.name));
    await rmdir(folder);
  } catch (error) {
    // Another runner cleans up too, or it is of a runner whose process ids are others than ours.
    const code = codeOf(error);
    if (code !== 'EBUSY' && code !== 'ENOENT') throw error;
  }
}
