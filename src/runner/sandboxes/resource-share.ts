/**
 * What programs in a sandbox are told of memory and processors: the share of their run, where they would otherwise see the
 * whole machine. By variables, and by files in the places where the kernel tells of the machine and of cgroups.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ResourceShare } from '../sandbox.ts';
import type { HostMount } from './host-mounts.ts';

const mebibyte = 1024 * 1024;

/** Of the run's memory, what V8's heap may take: the rest is for buffers, code, and processes of its own. */
const heapShare = 0.75;
/** V8 takes up to three of them for what is short-lived; by itself 64 MB each, too much of a small heap. */
const semiSpaceShare = 1 / 32;
const [smallestSemiSpace, largestSemiSpace] = [4, 64] as const;
/** What Go's collector keeps to, with room for what is not its heap. */
const goShare = 0.9;

/** V8's flags for a heap of this much in all, its space for what is short-lived included. */
function heapFlags(memoryMegabytes: number): string[] {
  const semiSpace = Math.floor(memoryMegabytes * semiSpaceShare);
  const semiSpaceMegabytes = Math.min(largestSemiSpace, Math.max(smallestSemiSpace, semiSpace));
  const oldSpaceMegabytes = Math.round(memoryMegabytes * heapShare) - 3 * semiSpaceMegabytes;
  return [`--max-old-space-size=${oldSpaceMegabytes}`, `--max-semi-space-size=${semiSpaceMegabytes}`];
}

/** Processors as whole ones, as programs count them. */
function wholeProcessors({ cpus }: ResourceShare): number {
  return Math.max(1, Math.ceil(cpus));
}

/** Variables by which runtimes and frameworks learn of the share. */
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

/** The machine as `/proc/meminfo` shows it, with this much memory and no swap. */
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

/** Limits as the files of a cgroup tell them, by version. */
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
    // Systems mount the controller by itself, or together with the one that counts.
    ...Object.fromEntries(
      ['cpu', 'cpu,cpuacct'].flatMap((folder) => [
        [`${folder}/cpu.cfs_quota_us`, `${quota}\n`],
        [`${folder}/cpu.cfs_period_us`, `${periodMicroseconds}\n`],
      ]),
    ),
  };
}

/** The version whose files programs look for: they go by `/proc/self/cgroup`, which is the kernel's. */
function cgroupVersion(): 1 | 2 {
  const lines = readFileSync('/proc/self/cgroup', 'latin1').trim().split('\n');
  return lines.every((line) => line.startsWith('0::')) ? 2 : 1;
}

/** The processors that are there, as `/sys` lists them. */
function processorFiles(share: ResourceShare): Record<string, string> {
  const last = wholeProcessors(share) - 1;
  const list = last === 0 ? '0\n' : `0-${last}\n`;
  return { online: list, possible: list, present: list };
}

/** Where a sandbox with a root of its own shows the files of a share. */
export const sharePlaces = {
  cgroup: '/sys/fs/cgroup',
  processors: '/sys/devices/system/cpu',
  memory: '/proc/meminfo',
} as const;

/**
 * Writes the files of a share.
 * @param folder is made; the sandbox's user can reach it
 * @returns what is mounted from it
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

/** Makes a folder, and those between it and `top`, that every user can enter, whatever the runner's umask is. */
function makeReadableFolder(folder: string, top: string): void {
  mkdirSync(folder, { recursive: true });
  for (let made = folder; made.startsWith(top); made = path.dirname(made)) chmodSync(made, 0o755);
}

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
}
