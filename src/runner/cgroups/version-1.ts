/** Version 1: one hierarchy per controller, with a folder of the subtask in each. */
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
  readNumber,
  removeCgroup,
  removeOfDeadRunners,
  runnerFolderName,
  writeIfThere,
} from './cgroup-folder.ts';

/** Controller that provides each control. */
const controllers = { memory: 'memory', cpu: 'cpu', processes: 'pids', 'cpu time': 'cpuacct' } as const;
/** Share of the memory limit from which a kill is attributed to it, because some kernels do not count its events. */
const atLimit = 0.95;
/** Folder by control; two controls may share one. */
type Folders = ReadonlyMap<CgroupControl, string>;

class VersionOneCgroup implements Cgroup {
  readonly controls: ReadonlySet<CgroupControl>;
  readonly #folders: Folders;
  #processes = 0;

  constructor(folders: Folders) {
    this.#folders = folders;
    this.controls = new Set(folders.keys());
  }

  async allowProcesses(more: number): Promise<void> {
    this.#processes += more;
    await this.#write('processes', (folder) =>
      writeFile(path.join(folder, 'pids.max'), String(this.#processes)),
    );
  }

  async limit(limits: CgroupLimits): Promise<void> {
    const bytes = String(Math.floor(limits.memoryBytes));
    const quota = cpuQuotaMicroseconds(limits.cpus) ?? -1;
    await Promise.all([
      this.#write('memory', async (folder) => {
        await writeFile(path.join(folder, 'memory.limit_in_bytes'), bytes);
        await writeIfThere(path.join(folder, 'memory.memsw.limit_in_bytes'), bytes);
      }),
      this.#write('cpu', async (folder) => {
        await writeFile(path.join(folder, 'cpu.cfs_period_us'), String(cpuPeriodMicroseconds));
        await writeFile(path.join(folder, 'cpu.cfs_quota_us'), String(quota));
      }),
      this.allowProcesses(limits.processes),
    ]);
  }

  async add(pid: number): Promise<void> {
    await Promise.all(this.#all().map((folder) => writeFile(path.join(folder, 'cgroup.procs'), String(pid))));
  }

  async memoryBytes(limitBytes = 0): Promise<number> {
    const folder = this.#folder('memory');
    const total = path.join(folder, 'memory.usage_in_bytes');
    const stat = path.join(folder, 'memory.stat');
    return memoryInUse({ total, stat, key: 'total_inactive_file' }, limitBytes);
  }

  async cpuSeconds(): Promise<number> {
    return (await readNumber(path.join(this.#folder('cpu time'), 'cpuacct.usage'))) / 1e9;
  }

  async signs(): Promise<CgroupSigns> {
    return { outOfMemory: await this.#outOfMemory(), processesRefused: await this.#processesRefused() };
  }

  async remove(): Promise<void> {
    await Promise.all(this.#all().map((folder) => removeCgroup(folder, () => killListed(folder))));
  }

  async #outOfMemory(): Promise<CgroupSigns['outOfMemory']> {
    const folder = this.#folders.get('memory');
    if (folder === undefined) return undefined;
    const control = await readFile(path.join(folder, 'memory.oom_control'), 'latin1');
    if (keyedNumber(control, 'oom_kill') === 0) return undefined;
    const [most, limit] = await Promise.all(
      ['memory.max_usage_in_bytes', 'memory.limit_in_bytes'].map((file) =>
        readNumber(path.join(folder, file)),
      ),
    );
    return (most ?? 0) >= (limit ?? 0) * atLimit ? 'limit' : 'machine';
  }

  async #processesRefused(): Promise<boolean> {
    const folder = this.#folders.get('processes');
    if (folder === undefined) return false;
    return keyedNumber(await readFile(path.join(folder, 'pids.events'), 'latin1'), 'max') > 0;
  }

  async #write(control: CgroupControl, write: (folder: string) => Promise<void>): Promise<void> {
    const folder = this.#folders.get(control);
    if (folder !== undefined) await write(folder);
  }

  #folder(control: CgroupControl): string {
    const folder = this.#folders.get(control);
    if (folder === undefined) throw new RangeError(`the ${control} controller is not available`);
    return folder;
  }

  #all(): string[] {
    return [...new Set(this.#folders.values())];
  }
}

export class VersionOneCgroups implements CgroupKind {
  readonly name = 'cgroup v1';
  readonly controls: ReadonlySet<CgroupControl>;
  /** The runner's folders. */
  readonly #folders: Folders;

  /** Use `VersionOneCgroups.open`. */
  constructor(folders: Folders) {
    this.#folders = folders;
    this.controls = new Set(folders.keys());
  }

  /**
   * Creates the runner's folders below those of this process, for each controller that permits it.
   * @param own folder of this process by controller
   * @throws Error if no controller permits it
   */
  static async open(own: ReadonlyMap<string, string>): Promise<VersionOneCgroups> {
    const name = runnerFolderName();
    const folders = new Map<CgroupControl, string>();
    const made = new Map<string, string>();
    let refusal: unknown = new Error('no cgroup controller is mounted');
    for (const [control, controller] of Object.entries(controllers) as [CgroupControl, string][]) {
      const parent = own.get(controller);
      if (parent === undefined) continue;
      try {
        const folder = made.get(parent) ?? (await makeRunnerFolder(parent, name));
        made.set(parent, folder);
        folders.set(control, folder);
      } catch (error) {
        refusal = error;
      }
    }
    if (folders.size === 0) throw refusal;
    return new VersionOneCgroups(folders);
  }

  async create(name: string, limits: CgroupLimits): Promise<Cgroup> {
    const folders = new Map(
      Array.from(this.#folders, ([control, folder]) => [control, path.join(folder, name)] as const),
    );
    const cgroup = new VersionOneCgroup(folders);
    try {
      await Promise.all(Array.from(new Set(folders.values()), (folder) => mkdir(folder)));
      await cgroup.limit(limits);
    } catch (error) {
      await cgroup.remove();
      throw error;
    }
    return cgroup;
  }

  async close(): Promise<void> {
    for (const folder of new Set(this.#folders.values())) {
      await rmdir(folder).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    }
  }
}

async function makeRunnerFolder(parent: string, name: string): Promise<string> {
  await removeOfDeadRunners(parent);
  const folder = path.join(parent, name);
  await mkdir(folder);
  return folder;
}
