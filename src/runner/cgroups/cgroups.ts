/**
 * The cgroups of this runner's subtasks, where the machine lets it have some. Without them nothing fails: memory and
 * processes are then watched, and processor time is not limited.
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

  /** Whether `cpus` limits anything here. */
  get limitsCpu(): boolean {
    return this.#kind?.controls.has('cpu') ?? false;
  }

  /** Finds out what the machine allows, by doing it once, and says so. Never rejects. */
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

  /** @returns undefined if there are no cgroups, or this one could not be made, which is told */
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

  /** Removes what was made; the cgroups of all subtasks have to be removed before. Never rejects. */
  protected override async end(): Promise<void> {
    try {
      await this.#kind?.close();
    } catch (err) {
      this.#options.events.failed({ work: 'remove-cgroup', err });
    }
    this.#kind = undefined;
  }
}

/** @throws Error that says why there are none */
async function openKind(): Promise<CgroupKind> {
  if (process.platform !== 'linux') throw new Error(`${process.platform} has none`);
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

/** Puts a process into a cgroup and removes it again. */
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
