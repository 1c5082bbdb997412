/**
 * The cgroups of this runner's subtasks, if the machine allows them. Without them, memory and processes are limited by
 * polling, and CPU time is not limited.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Events } from '../../events/events.ts';
import { StartStop } from '../../services/service.ts';
import type { Cgroup, CgroupKind, CgroupLimits } from '../cgroup.ts';
import { ownHierarchies } from './hierarchies.ts';
import { VersionOneCgroups } from './version-1.ts';
import { VersionTwoCgroups } from './version-2.ts';

const trialLimits: CgroupLimits = { memoryBytes: 64 * 1024 * 1024, cpus: 1, processes: 16 };

interface CgroupsOptions {
  readonly isEnabled: boolean;
  readonly events: Events;
}

export class Cgroups extends StartStop {
  readonly name = 'cgroups';
  readonly #options: CgroupsOptions;
  #kind: CgroupKind | undefined;
  #made = 0;

  constructor(options: CgroupsOptions) {
    super();
    this.#options = options;
  }

  /** Whether `cpus` has any effect on this machine. */
  get limitsCpu(): boolean {
    return this.#kind?.controls.has('cpu') ?? false;
  }

  /** Finds out what the machine allows by trying it once, and reports it. Never rejects. */
  protected override async begin(): Promise<void> {
    const { isEnabled, events } = this.#options;
    if (!isEnabled) return;
    try {
      this.#kind = await openKind();
      events.emit('cgroups:opened', { kind: this.#kind.name, controls: [...this.#kind.controls] });
    } catch (error) {
      events.emit('cgroups:unavailable', { reason: (error as Error).message });
    }
  }

  /** @returns undefined if cgroups are unavailable, or creating this one failed, which is reported */
  async create(limits: CgroupLimits): Promise<Cgroup | undefined> {
    if (this.#kind === undefined) return undefined;
    this.#made += 1;
    try {
      return await this.#kind.create(`subtask-${this.#made}`, limits);
    } catch (err) {
      this.#options.events.failed({ work: 'make-cgroup', err });
      return undefined;
    }
  }

  /** Removes the runner's folder. All cgroups of subtasks must have been removed before. Never rejects. */
  protected override async end(): Promise<void> {
    try {
      await this.#kind?.close();
    } catch (err) {
      this.#options.events.failed({ work: 'remove-cgroup', err });
    }
    this.#kind = undefined;
  }
}

/** @throws Error that says why cgroups are unavailable */
async function openKind(): Promise<CgroupKind> {
  if (process.platform !== 'linux') throw new Error(`${process.platform} does not support cgroups`);
  const { versionOne, versionTwo } = await ownHierarchies();
  const kind = ['memory', 'cpu', 'pids'].some((controller) => versionOne.has(controller))
    ? await VersionOneCgroups.open(versionOne)
    : await openVersionTwo(versionTwo);
  try {
    await tryOut(kind);
    return kind;
  } catch (error) {
    await kind.close().catch(() => undefined);
    throw error;
  }
}

async function openVersionTwo(own: string | undefined): Promise<CgroupKind> {
  if (own === undefined) throw new Error('no cgroup file system is mounted');
  return VersionTwoCgroups.open(own);
}

/** Tries to add a process to a cgroup, and removes the cgroup again. */
async function tryOut(kind: CgroupKind): Promise<void> {
  const cgroup = await kind.create('trial', trialLimits);
  const child = spawn('/bin/sh', ['-c', 'read line'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(child, 'exit');
  try {
    await once(child, 'spawn');
    await cgroup.add(child.pid ?? Number.NaN);
    await Promise.all([cgroup.signs(), cgroup.controls.has('cpu time') ? cgroup.cpuSeconds() : 0]);
  } finally {
    child.kill('SIGKILL');
    await ended;
    await cgroup.remove();
  }
}
