/**
 * Version 2: one hierarchy, in which a cgroup that delegates controllers must not contain processes. So the runner
 * first moves itself and the other processes of its cgroup into a child cgroup, if that cgroup is its own.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cgroup, CgroupControl, CgroupKind, CgroupLimits, CgroupSigns } from '../cgroup.ts';
import {
  codeOf,
  cpuPeriodMicroseconds,
  cpuQuotaMicroseconds,
  keyedNumber,
  killListed,
  memoryInUse,
  pidsIn,
  removeCgroup,
  removeOfDeadRunners,
  runnerFolderName,
  writeExisting,
  writeIfThere,
} from './cgroup-folder.ts';

/** Child cgroup for the runner's own processes. */
const hostFolder = 'chela-host';
const maxMoves = 20;

const controllers: Readonly<Record<string, CgroupControl>> = {
  memory: 'memory',
  cpu: 'cpu',
  pids: 'processes',
};

/**
 * The limits by file name. A cgroup is killed as a whole, so that no worker continues without half of its processes.
 */
export function limitFiles(limits: CgroupLimits): Record<string, Readonly<Record<string, string>>> {
  const quota = cpuQuotaMicroseconds(limits.cpus) ?? 'max';
  return {
    memory: {
      'memory.max': String(Math.floor(limits.memoryBytes)),
      'memory.swap.max': '0',
      'memory.oom.group': '1',
    },
    cpu: { 'cpu.max': `${quota} ${cpuPeriodMicroseconds}` },
    pids: { 'pids.max': String(limits.processes) },
  };
}

class VersionTwoCgroup implements Cgroup {
  readonly controls: ReadonlySet<CgroupControl>;
  readonly #folder: string;
  #processes: number;

  constructor(folder: string, controls: ReadonlySet<CgroupControl>, processes: number) {
    this.#folder = folder;
    this.controls = controls;
    this.#processes = processes;
  }

  async allowProcesses(more: number): Promise<void> {
    this.#processes += more;
    if (!this.controls.has('processes')) return;
    await writeFile(path.join(this.#folder, 'pids.max'), String(this.#processes));
  }

  async add(pid: number): Promise<void> {
    await writeFile(path.join(this.#folder, 'cgroup.procs'), String(pid));
  }

  async memoryBytes(limitBytes = 0): Promise<number> {
    const total = path.join(this.#folder, 'memory.current');
    const stat = path.join(this.#folder, 'memory.stat');
    return memoryInUse({ total, stat, key: 'inactive_file' }, limitBytes);
  }

  async cpuSeconds(): Promise<number> {
    const stat = await readFile(path.join(this.#folder, 'cpu.stat'), 'latin1');
    return keyedNumber(stat, 'usage_usec') / 1e6;
  }

  async signs(): Promise<CgroupSigns> {
    const memory = this.controls.has('memory') ? await this.#events('memory.events') : '';
    const processes = this.controls.has('processes') ? await this.#events('pids.events') : '';
    const atLimit = keyedNumber(memory, 'oom') > 0;
    const wasKilled = keyedNumber(memory, 'oom_kill') > 0;
    return {
      outOfMemory: wasKilled ? (atLimit ? 'limit' : 'machine') : undefined,
      processesRefused: keyedNumber(processes, 'max') > 0,
    };
  }

  async remove(): Promise<void> {
    await removeCgroup(this.#folder, () => this.#kill());
  }

  async #kill(): Promise<void> {
    try {
      await writeExisting(path.join(this.#folder, 'cgroup.kill'), '1');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // The kernel is older than 5.14, or the folder is gone, which the next call reports.
      await killListed(this.#folder);
    }
  }

  #events(file: string): Promise<string> {
    return readFile(path.join(this.#folder, file), 'latin1');
  }
}

export class VersionTwoCgroups implements CgroupKind {
  readonly name = 'cgroup v2';
  readonly controls: ReadonlySet<CgroupControl>;
  /** The runner's folder. */
  readonly #folder: string;
  readonly #enabled: ReadonlySet<string>;

  /** Use `VersionTwoCgroups.open`. */
  constructor(folder: string, enabled: ReadonlySet<string>) {
    this.#folder = folder;
    this.#enabled = enabled;
    const enforced = Object.entries(controllers).filter(([controller]) => enabled.has(controller));
    // CPU time is counted in every cgroup.
    this.controls = new Set([...enforced.map(([, control]) => control), 'cpu time']);
  }

  /**
   * Creates the runner's folder beside that of this process.
   * @param own folder of this process
   * @param wanted controllers to delegate; one of them is enough
   * @throws Error that says why the runner must not change this cgroup
   */
  static async open(
    own: string,
    wanted: readonly string[] = Object.keys(controllers),
  ): Promise<VersionTwoCgroups> {
    const parent = path.basename(own) === hostFolder ? path.dirname(own) : own;
    await removeOfDeadRunners(parent);
    const available = await controllersIn(parent, 'cgroup.controllers', wanted);
    if (available.length === 0) {
      throw new Error(`none of the controllers ${wanted.join(', ')} is enabled for ${parent}`);
    }
    await delegateControllers(parent, available);
    const folder = path.join(parent, runnerFolderName());
    await mkdir(folder);
    try {
      await enable(folder, available);
    } catch (error) {
      await rmdir(folder);
      throw error;
    }
    return new VersionTwoCgroups(folder, new Set(available));
  }

  async create(name: string, limits: CgroupLimits): Promise<Cgroup> {
    const folder = path.join(this.#folder, name);
    await mkdir(folder);
    const cgroup = new VersionTwoCgroup(folder, this.controls, limits.processes);
    try {
      const files = Object.entries(limitFiles(limits)).filter(([controller]) =>
        this.#enabled.has(controller),
      );
      await Promise.all(
        files
          .flatMap(([, contents]) => Object.entries(contents))
          .map(([file, content]) => writeIfThere(path.join(folder, file), content)),
      );
    } catch (error) {
      await cgroup.remove();
      throw error;
    }
    return cgroup;
  }

  async close(): Promise<void> {
    await rmdir(this.#folder).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }
}

async function controllersIn(
  folder: string,
  file: 'cgroup.controllers' | 'cgroup.subtree_control',
  wanted: readonly string[],
): Promise<string[]> {
  const names = new Set((await readFile(path.join(folder, file), 'latin1')).trim().split(' '));
  return wanted.filter((name) => names.has(name));
}

async function enable(folder: string, names: readonly string[]): Promise<void> {
  await writeFile(path.join(folder, 'cgroup.subtree_control'), names.map((name) => `+${name}`).join(' '));
}

/** Makes a cgroup delegate controllers. Only the root cgroup may also contain processes. */
async function delegateControllers(folder: string, names: readonly string[]): Promise<void> {
  const enabled = await controllersIn(folder, 'cgroup.subtree_control', names);
  if (enabled.length === names.length) return;
  const isRoot = !existsSync(path.join(folder, 'cgroup.type'));
  if (isRoot) return enable(folder, names);
  if (/^session-.*\.scope$/.test(path.basename(folder))) {
    throw new Error(
      `${folder} belongs to a login session; run the runner in a cgroup of its own, such as a systemd service`,
    );
  }
  const host = path.join(folder, hostFolder);
  await mkdir(host, { recursive: true });
  try {
    await moveProcesses(folder, host);
    await enable(folder, names);
  } catch (error) {
    await moveProcesses(host, folder).catch(() => undefined);
    await rmdir(host).catch(() => undefined);
    throw error;
  }
}

async function moveProcesses(from: string, to: string): Promise<void> {
  // Processes that start in the meantime are found in the next round.
  for (let move = 0; move < maxMoves; move += 1) {
    const pids = await pidsIn(from);
    if (pids.length === 0) return;
    for (const pid of pids) {
      await writeFile(path.join(to, 'cgroup.procs'), String(pid)).catch((error: unknown) => {
        // It has ended since it was listed.
        if (codeOf(error) !== 'ESRCH') throw error;
      });
    }
  }
  throw new Error(`new processes keep starting in ${from}`);
}
