/**
 * Tells programs in a sandbox how much memory and how many processors their run has, because they would otherwise see the
 * whole machine: by variables, and by files that replace those of the kernel on the machine and on cgroups.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ResourceShare } from '../sandbox.ts';
import type { HostMount } from './host-mounts.ts';

const mebibyte = 1024 * 1024;

/** V8's share of the run's memory for its heap. The rest is for buffers, code and child processes. */
const heapShare = 0.75;
/** Share of the run's memory for a semi-space. V8 has up to three for new objects, of 64 MB each by default. */
const semiSpaceShare = 1 / 32;
const [smallestSemiSpace, largestSemiSpace] = [4, 64] as const;
/** Go's soft limit, as a share of the run's memory. The rest is for memory that Go's runtime does not manage. */
const goShare = 0.9;

/** V8's flags for a run with this much memory. */
function heapFlags(memoryMegabytes: number): string[] {
  const semiSpace = Math.floor(memoryMegabytes * semiSpaceShare);
  const semiSpaceMegabytes = Math.min(largestSemiSpace, Math.max(smallestSemiSpace, semiSpace));
  const oldSpaceMegabytes = Math.round(memoryMegabytes * heapShare) - 3 * semiSpaceMegabytes;
  return [`--max-old-space-size=${oldSpaceMegabytes}`, `--max-semi-space-size=${semiSpaceMegabytes}`];
}

/** Number of processors, rounded up, as programs count only whole ones. */
function wholeProcessors({ cpus }: ResourceShare): number {
  return Math.max(1, Math.ceil(cpus));
}

/** Variables that tell runtimes and frameworks about the share. */
export function shareVariables(share: ResourceShare | undefined): Record<string, string> {
  if (share === undefined) return {};
  const { memoryMegabytes } = share;
  const memory = String(memoryMegabytes);
  return {
    NODE_OPTIONS: heapFlags(memoryMegabytes).join(' '),
    GOMEMLIMIT: `${Math.floor(memoryMegabytes * goShare)}MiB`,
    GOMAXPROCS: String(wholeProcessors(share)),
    CRAWLEE_MEMORY_MBYTES: memory,
    APIFY_MEMORY_MBYTES: memory,
    ACTOR_MEMORY_MBYTES: memory,
  };
}

/** `/proc/meminfo` of a machine with this much memory and no swap. */
function memoryInfo(totalBytes: number): string {
  const kilobytes = Math.floor(totalBytes / 1024);
  const none = ['Buffers', 'Cached', 'SwapCached', 'Active', 'Inactive', 'Shmem', 'Slab', 'SReclaimable'];
  const rows: [string, number][] = [
    ['MemTotal', kilobytes],
    ['MemFree', kilobytes],
    ['MemAvailable', kilobytes],
    ...none.map((name): [string, number] => [name, 0]),
    ['SwapTotal', 0],
    ['SwapFree', 0],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(16)}${String(value).padStart(8)} kB\n`).join('');
}

const periodMicroseconds = 100_000;

/** The limits as files of a cgroup. */
function cgroupFiles(version: 1 | 2, { memoryMegabytes, cpus }: ResourceShare): Record<string, string> {
  const bytes = memoryMegabytes * mebibyte;
  const quota = Math.round(cpus * periodMicroseconds);
  if (version === 2) {
    return {
      'cgroup.controllers': 'cpu memory\n',
      'memory.max': `${bytes}\n`,
      'memory.high': 'max\n',
      'memory.swap.max': '0\n',
      'cpu.max': `${quota} ${periodMicroseconds}\n`,
    };
  }
  return {
    'memory/memory.limit_in_bytes': `${bytes}\n`,
    'memory/memory.soft_limit_in_bytes': `${bytes}\n`,
    'memory/memory.memsw.limit_in_bytes': `${bytes}\n`,
    // Systems mount the controller cpu alone, or together with cpuacct.
    ...Object.fromEntries(
      ['cpu', 'cpu,cpuacct'].flatMap((folder) => [
        [`${folder}/cpu.cfs_quota_us`, `${quota}\n`],
        [`${folder}/cpu.cfs_period_us`, `${periodMicroseconds}\n`],
      ]),
    ),
  };
}

/** The version whose files programs read. They detect it by `/proc/self/cgroup`, which comes from the kernel. */
function cgroupVersion(): 1 | 2 {
  const lines = readFileSync('/proc/self/cgroup', 'latin1').trim().split('\n');
  return lines.every((line) => line.startsWith('0::')) ? 2 : 1;
}

/** The files in `/sys` that list the processors. */
function processorFiles(share: ResourceShare): Record<string, string> {
  const last = wholeProcessors(share) - 1;
  const list = last === 0 ? '0\n' : `0-${last}\n`;
  return { online: list, possible: list, present: list };
}

/** Where the files of a share are mounted in a sandbox with its own root. */
export const sharePlaces = {
  cgroup: '/sys/fs/cgroup',
  processors: '/sys/devices/system/cpu',
  memory: '/proc/meminfo',
} as const;

/**
 * Writes the files of a share.
 * @param folder created if it does not exist; the sandbox's user can reach its parent
 * @returns the mounts of the files
 */
export function writeShareFiles(folder: string, share: ResourceShare): HostMount[] {
  const files = {
    memory: memoryInfo(share.memoryMegabytes * mebibyte),
    ...inFolder('processors', processorFiles(share)),
    ...inFolder('cgroup', cgroupFiles(cgroupVersion(), share)),
  };
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    makeReadableFolder(path.dirname(file), folder);
    writeFileSync(file, content);
    chmodSync(file, 0o644);
  }
  return Object.entries(sharePlaces).map(([name, to]) => ({ from: path.join(folder, name), to }));
}

/** Creates a folder and its parents up to `top`, which all users can read, whatever the runner's umask is. */
function makeReadableFolder(folder: string, top: string): void {
  mkdirSync(folder, { recursive: true });
  for (let made = folder; made.startsWith(top); made = path.dirname(made)) chmodSync(made, 0o755);
}

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
}
