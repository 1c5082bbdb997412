/**
 * Watches the limits of one subtask: those that nothing else enforces (time, disk, memory without a cgroup), those that
 * it shares with its run (rows, traffic, charge), and the cgroup for those that it enforces. Also measures CPU time,
 * and collects the limits that may explain why the worker failed.
 */
import type { Usage } from '../../accounts/accounts.ts';
import type { Config } from '../../configuration/configuration.ts';
import {
  type Circumstances,
  type LimitName,
  type NamedLimit,
  machineOutOfMemoryMessage,
  reachedLimitMessage,
} from '../../runs/runs.ts';
import { waitOut } from '../../database/database.ts';
import type { Events, InternalWork } from '../../events/events.ts';
import type { Cgroup, CgroupControl } from '../cgroup.ts';
import type { ClaimedSubtask } from './claimed-subtask.ts';
import { Periodic } from '../../services/periodic.ts';
import { watchDisk } from '../../host/disk-watch.ts';
import { LimitSigns, untoldLimit } from './limit-signs.ts';
import type { RunWriter } from './run-writers.ts';
import type { SandboxedProcess, SandboxLimits } from '../sandbox.ts';

const useCheckMilliseconds = 250;
const chargeCheckMilliseconds = 500;
/** Timers use 31 bits, which is about 24 days. */
const maxTimerMilliseconds = 2 ** 31 - 1;
const mebibyte = 1024 * 1024;

interface LimitWatchOptions {
  readonly subtask: ClaimedSubtask;
  readonly config: Pick<Config, 'sandboxDiskBytes' | 'sandboxDiskFileLimit' | 'rowLimit'>;
  readonly usage: Usage;
  readonly events: Events;
  readonly writer: Pick<RunWriter, 'results' | 'traffic'>;
  /** The limits of the worker's sandbox. */
  readonly sandbox: SandboxLimits;
  /** Called with the limit that the subtask exceeded. */
  readonly onExcess: (limit: NamedLimit) => void;
  /** Called once for each limit that the worker reached without being stopped. */
  readonly onNotice: (notice: string) => void;
}

type User = Pick<SandboxedProcess, 'memoryBytes' | 'cpuSeconds'>;

/** What to watch. */
interface Watched {
  readonly worker: SandboxedProcess;
  /** Their processes are in the cgroup too. */
  readonly browsers: User | undefined;
  readonly cgroup: Cgroup | undefined;
  /** Contains all folders that the worker can write to, except those in memory. */
  readonly scratchDir: string;
}

/** Calls `look` repeatedly. @returns a function that stops, and waits for a call in progress */
function repeat(look: () => Promise<void>, intervalMilliseconds: number): () => Promise<void> {
  const looks = new Periodic({
    intervalMilliseconds,
    work: look,
    onError: () => {
      // `look` handles its own errors.
    },
  });
  looks.start();
  return () => looks.stop();
}

/** The processes to measure: if the cgroup counts a resource for all, it is not counted per user again. */
function usersOf({ worker, browsers, cgroup }: Watched, control: CgroupControl): User[] {
  return browsers === undefined || cgroup?.controls.has(control) ? [worker] : [worker, browsers];
}

/** Memory of all together: upper bounds as long as those are within the limit, exact otherwise. */
async function memoryOf(users: readonly User[], limitBytes: number): Promise<number> {
  const sum = async (limit?: number): Promise<number> => {
    const each = await Promise.all(users.map(async (user) => user.memoryBytes(limit)));
    return each.reduce((total, bytes) => total + bytes, 0);
  };
  const bound = await sum(limitBytes);
  return bound <= limitBytes ? bound : sum();
}

export class LimitWatch {
  readonly #options: LimitWatchOptions;
  readonly #signs: LimitSigns;
  #machineOutOfMemory = false;
  #processesRefused = false;
  #stops: (() => void | Promise<void>)[] = [];
  #cpuSeconds = 0;

  constructor(options: LimitWatchOptions) {
    this.#options = options;
    this.#signs = new LimitSigns(options.sandbox);
  }

  /** CPU time of the worker, as last measured. */
  get cpuSeconds(): number {
    return this.#cpuSeconds;
  }

  /**
   * Reports the limits that the run's subtasks share, at once if they are exceeded. @returns a function that
   * unsubscribes
   */
  subscribe(): () => void {
    const { writer, config } = this.#options;
    const { traffic, results } = writer;
    const ends = [
      traffic.onExceeded(() => this.#exceeded('traffic', traffic.limitBytes)),
      results.onRefused(() => this.#exceeded('rows', config.rowLimit)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }

  /** Reads a line that the worker printed as an error. */
  read(line: string): void {
    this.#signs.read(line);
  }

  /** Possible reasons for the worker's failure. */
  get circumstances(): Circumstances {
    const { sandbox } = this.#options;
    const reached = this.#processesRefused ? [untoldLimit('processes', sandbox)] : [];
    const named = this.#signs.found.filter(({ limit }) => !reached.some((other) => other.limit === limit));
    const suspected = [
      ...reached.map((limit) => ({ ...limit, seen: 'kernel' as const })),
      ...named.map((limit) => ({ ...limit, seen: 'output' as const })),
    ];
    return {
      ...(suspected.length > 0 && { suspected_limits: suspected }),
      ...(this.#machineOutOfMemory && { machine_out_of_memory: true }),
    };
  }

  start(watched: Watched): void {
    this.#stops = [
      this.#watchTime(),
      repeat(() => this.#checkUse(watched), useCheckMilliseconds),
      this.#watchDisk(watched.scratchDir),
    ];
    if (this.#hasChargeLimit) {
      this.#stops.push(repeat(() => this.#checkCharge(), chargeCheckMilliseconds));
    }
  }

  /** Checks the cgroup one last time, because processes killed for memory end between two checks. */
  async finish(watched: Watched): Promise<void> {
    await Promise.all([this.#countCpu(watched), this.#checkSigns(watched.cgroup)]);
  }

  /** Resolves once no check is in progress. May be called twice, or before `start()`. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map(async (stop) => stop()));
  }

  /**
   * Resolves once it is known whether the run's subtasks together have reached its charge limit, and reports it if so.
   * Retries while PostgreSQL is unavailable. Other errors are reported, and the subtask continues without this limit.
   * @param signal aborts the wait
   */
  async chargeKnown(signal: AbortSignal): Promise<void> {
    if (!this.#hasChargeLimit) return;
    await waitOut(() => this.#compareCharge(), signal).catch((err: unknown) => {
      if (!signal.aborted) this.#failed('check-charge')(err);
    });
  }

  async #checkCharge(): Promise<void> {
    // While PostgreSQL is unavailable nothing is charged either; the next check catches up.
    await this.#compareCharge().catch(this.#failed('check-charge'));
  }

  async #compareCharge(): Promise<void> {
    const { subtask, usage } = this.#options;
    const { max_total_charge: limit } = subtask.limits;
    if (await usage.reached(subtask.run_id, limit)) this.#exceeded('charge', limit);
  }

  #failed(work: InternalWork): (err: unknown) => undefined {
    const { subtask, events } = this.#options;
    return (err) => {
      events.failed({ work, err, run: subtask.run_slug, subtask: subtask.number });
    };
  }

  get #hasChargeLimit(): boolean {
    const { subtask, usage } = this.#options;
    return subtask.limits.max_total_charge > 0 && !usage.isFree;
  }

  #watchTime(): () => void {
    const { execute_limit_time_seconds: seconds } = this.#options.subtask.limits;
    const timer = setTimeout(
      () => this.#exceeded('time', seconds),
      Math.min(seconds * 1000, maxTimerMilliseconds),
    );
    return () => clearTimeout(timer);
  }

  async #checkUse(watched: Watched): Promise<void> {
    const limitBytes = this.#options.subtask.limits.memory * mebibyte;
    const [usedBytes] = await Promise.all([
      memoryOf(usersOf(watched, 'memory'), limitBytes).catch(this.#failed('measure-subtask')),
      this.#countCpu(watched),
      this.#checkSigns(watched.cgroup),
    ]);
    if (usedBytes !== undefined && usedBytes > limitBytes) this.#memoryExceeded();
  }

  async #countCpu(watched: Watched): Promise<void> {
    const each = usersOf(watched, 'cpu time').map(
      async (user) => (await user.cpuSeconds().catch(this.#failed('measure-subtask'))) ?? 0,
    );
    const seconds = (await Promise.all(each)).reduce((sum, part) => sum + part, 0);
    // Without a cgroup, ended processes are no longer counted.
    this.#cpuSeconds = Math.max(this.#cpuSeconds, seconds);
  }

  async #checkSigns(cgroup: Cgroup | undefined): Promise<void> {
    const signs = await cgroup?.signs().catch(this.#failed('measure-subtask'));
    if (signs?.outOfMemory === 'limit') this.#memoryExceeded();
    if (signs?.outOfMemory === 'machine') this.#noticeMachine();
    if (signs?.processesRefused === true) this.#noticeProcesses();
  }

  #exceeded(limit: LimitName, value: number): void {
    this.#options.onExcess({ limit, value });
  }

  #memoryExceeded(): void {
    this.#exceeded('memory', this.#options.subtask.limits.memory);
  }

  #noticeMachine(): void {
    if (this.#machineOutOfMemory) return;
    this.#machineOutOfMemory = true;
    this.#options.onNotice(machineOutOfMemoryMessage);
  }

  #noticeProcesses(): void {
    if (this.#processesRefused) return;
    this.#processesRefused = true;
    this.#options.onNotice(reachedLimitMessage(untoldLimit('processes', this.#options.sandbox)));
  }

  #watchDisk(scratchDir: string): () => void {
    const { sandboxDiskBytes: bytes, sandboxDiskFileLimit: files } = this.#options.config;
    return watchDisk(scratchDir, { bytes, files }, (excess) => {
      if (excess === 'bytes') this.#exceeded('disk', bytes);
      else this.#exceeded('disk_files', files);
    });
  }
}
