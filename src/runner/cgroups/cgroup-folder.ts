/**
 * Folders of the cgroup file system: reading and writing their files, naming a runner's folder, and removing folders.
 */
import { randomBytes } from 'node:crypto';
import { constants, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { processStartTime } from '../../host/process-tree.ts';

/** An ended process leaves its cgroup only when the kernel has cleaned it up. */
const removeLimitMilliseconds = 10_000;
const maxPauseMilliseconds = 50;
/** Share of a memory limit below which the total is precise enough; the kernel computes details on each read. */
const approximateShare = 0.75;
/** `chela-PID-START-RANDOM`. The start time distinguishes the process from a later one with the same id. */
const runnerFolder = /^chela-(\d+)-(\d+)-/;

/** Period over which a CPU quota is measured. */
export const cpuPeriodMicroseconds = 100_000;

/** CPU quota per period; undefined if the machine does not have more CPUs than that. */
export function cpuQuotaMicroseconds(cpus: number): number | undefined {
  return cpus >= availableParallelism() ? undefined : Math.round(cpus * cpuPeriodMicroseconds);
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Writes a file of the kernel, which may be write-only. @throws Error ENOENT if it does not exist */
export async function writeExisting(file: string, content: string): Promise<void> {
  await writeFile(file, content, { flag: constants.O_WRONLY });
}

/** Writes a file that is missing in older kernels or kernels without swap. */
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
 * Memory in use, without the part that is unused file cache.
 * @param files the file with the total, and the file whose line `key` has that part
 */
export async function memoryInUse(
  files: { readonly total: string; readonly stat: string; readonly key: string },
  limitBytes: number,
): Promise<number> {
  const totalBytes = await readNumber(files.total);
  if (totalBytes < limitBytes * approximateShare) return totalBytes;
  const stat = await readFile(files.stat, 'latin1');
  return Math.max(0, totalBytes - keyedNumber(stat, files.key));
}

export async function pidsIn(folder: string): Promise<number[]> {
  const text = await readFile(path.join(folder, 'cgroup.procs'), 'latin1');
  return text.split('\n').filter(Boolean).map(Number);
}

/** Sends SIGKILL to every listed process. */
export async function killListed(folder: string): Promise<void> {
  for (const pid of await pidsIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended since it was listed.
    }
  }
}

/**
 * Removes a cgroup that has no child cgroups.
 * @param kill ends its processes; called repeatedly while there are any
 * @throws Error if it is still in use after some seconds
 */
export async function removeCgroup(folder: string, kill: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + removeLimitMilliseconds;
  for (let pause = 1; ; pause = Math.min(pause * 2, maxPauseMilliseconds)) {
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

/** A folder name for this runner, in the form that `removeOfDeadRunners` recognizes. */
export function runnerFolderName(): string {
  const random = randomBytes(4).toString('hex');
  return `chela-${process.pid}-${processStartTime(process.pid) ?? 0}-${random}`;
}

/** Removes folders of dead runners. Their processes died with them; folders in use are left alone. */
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
    // Another runner is cleaning up too, or the folder's runner is in a different pid namespace.
    const code = codeOf(error);
    if (code !== 'EBUSY' && code !== 'ENOENT') throw error;
  }
}
