/** Watches the limits of one subtask that nothing else enforces: time, memory, disk, and the charge of its run. */
import type { Usage } from '../accounts/usage.ts';
import type { Config } from '../config.ts';
import type { ClaimedSubtask } from './claimer.ts';
import { watchDisk } from './disk-watch.ts';
import type { SandboxedProcess } from './sandbox.ts';

const memoryCheckMilliseconds = 250;
const chargeCheckMilliseconds = 500;
/** Timers count in 31 bits: a subtask of 24 days has worked long enough. */
const longestTimerMilliseconds = 2 ** 31 - 1;
const mebibyte = 1024 * 1024;

interface LimitWatchOptions {
  readonly subtask: ClaimedSubtask;
  readonly config: Pick<Config, 'sandboxDiskBytes' | 'sandboxDiskFileLimit'>;
  readonly usage: Usage;
  /** Told the sentence for the err_msg of what a limit stops. */
  readonly onExcess: (errMsg: string) => void;
}

/** Calls again and again, never while a call is under way. @returns the way to stop */
function repeat(action: () => Promise<void>, pauseMilliseconds: number): () => void {
  let acting: Promise<void> | undefined;
  const timer = setInterval(() => {
    acting ??= action().finally(() => {
      acting = undefined;
    });
  }, pauseMilliseconds);
  return () => clearInterval(timer);
}

export class LimitWatch {
  readonly #options: LimitWatchOptions;
  #stops: (() => void)[] = [];

  constructor(options: LimitWatchOptions) {
    this.#options = options;
  }

  /** @param scratchDir holds all folders the worker can write to, apart from those in memory */
  start(worker: SandboxedProcess, scratchDir: string): void {
    this.#stops = [
      this.#watchTime(),
      repeat(() => this.#checkMemory(worker), memoryCheckMilliseconds),
      this.#watchDisk(scratchDir),
    ];
    if (this.#hasChargeLimit) {
      this.#stops.push(repeat(() => this.checkCharge(), chargeCheckMilliseconds));
    }
  }

  /** May be called twice, or before `start()`. */
  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  /** Tells where all subtasks of the run together have come to its charge limit. */
  async checkCharge(): Promise<void> {
    if (!this.#hasChargeLimit) return;
    const { subtask, usage, onExcess } = this.#options;
    const { max_total_charge: limit } = subtask.limits;
    // While the database is away nothing is charged either; the next look tells.
    const isReached = await usage.reached(subtask.run_id, limit).catch(() => false);
    if (isReached) onExcess(`stopped at the charge limit of ${limit} (max_total_charge)`);
  }

  get #hasChargeLimit(): boolean {
    const { subtask, usage } = this.#options;
    return subtask.limits.max_total_charge > 0 && !usage.isFree;
  }

  #watchTime(): () => void {
    const { subtask, onExcess } = this.#options;
    const { execute_limit_time_seconds: seconds } = subtask.limits;
    const timer = setTimeout(
      () => onExcess(`stopped at the time limit of ${seconds} s (execute_limit_time_seconds)`),
      Math.min(seconds * 1000, longestTimerMilliseconds),
    );
    return () => clearTimeout(timer);
  }

  async #checkMemory(worker: SandboxedProcess): Promise<void> {
    const { subtask, onExcess } = this.#options;
    const { memory } = subtask.limits;
    const limitBytes = memory * mebibyte;
    const usedBytes = await worker.memoryBytes(limitBytes).catch(() => 0);
    if (usedBytes > limitBytes) onExcess(`stopped at the memory limit of ${memory} MB (memory)`);
  }

  #watchDisk(scratchDir: string): () => void {
    const { config, onExcess } = this.#options;
    const { sandboxDiskBytes: bytes, sandboxDiskFileLimit: files } = config;
    return watchDisk(scratchDir, { bytes, files }, (excess) => {
      const limit =
        excess === 'bytes'
          ? `disk limit of ${bytes} bytes (CHELA_SANDBOX_DISK_BYTES)`
          : `disk limit of ${files} files (CHELA_SANDBOX_DISK_FILE_LIMIT)`;
      onExcess(`stopped at the ${limit}`);
    });
  }
}
