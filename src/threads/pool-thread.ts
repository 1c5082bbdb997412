import { Worker } from 'node:worker_threads';
import { errorOf, type ThreadMessage } from './thread-messages.ts';
import { Periodic } from '../services/periodic.ts';

const maxTickMilliseconds = 100;
const mebibyte = 1024 * 1024;
/**
 * V8's own heap limit for a thread. It is far above the limit enforced here, because V8 ends the whole process if a
 * single large allocation exceeds it.
 */
const minHeapMegabytes = 4096;
const heapLimitFactor = 4;

/** Limits for one task. */
export interface ThreadLimits {
  /** Counted from when the thread gets the task. Time while the whole process is suspended does not count. */
  readonly timeLimitSeconds: number;
  /** Limit for JavaScript values; contents of buffers do not count. */
  readonly memoryLimitBytes: number;
}

export interface ThreadOptions extends ThreadLimits {
  /** A file that calls `serveTasks`. */
  readonly file: URL;
  readonly name: string;
}

/** A task exceeded a limit of its thread, which has ended. */
export class ThreadLimitError extends Error {
  override name = 'ThreadLimitError';
  readonly limit: 'time' | 'memory';

  constructor(limit: 'time' | 'memory') {
    super(`the task of a thread passed its limit of ${limit}`);
    this.limit = limit;
  }
}

/** One thread of a pool, and its current task. */
export class PoolThread<Task, Answer> {
  readonly #worker: Worker;
  readonly #limits: ThreadLimits;
  readonly #ready = Promise.withResolvers<void>();
  #task: PromiseWithResolvers<Answer> | undefined;
  #endReason: Error | undefined;
  #hasEnded = false;
  #isHeapRequested = false;

  constructor({ file, name, timeLimitSeconds, memoryLimitBytes }: ThreadOptions) {
    this.#limits = { timeLimitSeconds, memoryLimitBytes };
    this.#ready.promise.catch(() => undefined);
    this.#worker = new Worker(file, {
      name,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.max(
          minHeapMegabytes,
          Math.ceil((memoryLimitBytes * heapLimitFactor) / mebibyte),
        ),
      },
    });
    this.#worker.on('message', (message: ThreadMessage<Answer>) => this.#hear(message));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      const isOutOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.#endReason ??= isOutOfMemory ? new ThreadLimitError('memory') : error;
    });
    this.#worker.on('exit', () => {
      this.#hasEnded = true;
      const reason = this.#endReason ?? new Error(`the thread ${name} ended early`);
      this.#ready.reject(reason);
      this.#task?.reject(reason);
    });
  }

  /** Whether it accepts no more tasks. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Runs one task; call it again only after that has settled.
   * @param signal aborts the task and ends the thread
   * @throws ThreadLimitError, the signal's reason, or the error of the task
   */
  async run(task: Task, signal: AbortSignal | undefined): Promise<Answer> {
    signal?.throwIfAborted();
    const answer = Promise.withResolvers<Answer>();
    answer.promise.catch(() => undefined);
    this.#task = answer;
    const onAbort = (): void => this.#end(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#worker.ref();
    let stopWatching: (() => void) | undefined;
    try {
      await this.#ready.promise;
      stopWatching = this.#watch();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
      this.#worker.postMessage(task);
      return await answer.promise;
    } finally {
      stopWatching?.();
      signal?.removeEventListener('abort', onAbort);
      this.#task = undefined;
      this.#worker.unref();
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear(message: ThreadMessage<Answer>): void {
    if (message.kind === 'ready') this.#ready.resolve();
    else if (message.kind === 'done') this.#task?.resolve(message.answer);
    else this.#task?.reject(errorOf(message));
  }

  /** Counts ticks instead of time, so that a suspended process counts as one tick, however long it was suspended. */
  #watch(): () => void {
    const { timeLimitSeconds, memoryLimitBytes } = this.#limits;
    const tickMilliseconds = Math.min(maxTickMilliseconds, timeLimitSeconds * 1000);
    let ticksLeft = Math.ceil((timeLimitSeconds * 1000) / tickMilliseconds);
    void this.#checkMemory(memoryLimitBytes);
    const ticks = new Periodic({
      intervalMilliseconds: tickMilliseconds,
      work: async () => {
        ticksLeft -= 1;
        if (ticksLeft <= 0) this.#end(new ThreadLimitError('time'));
        // Not waited for: a thread that does not answer would stop the count.
        else void this.#checkMemory(memoryLimitBytes);
      },
      onError: () => {
        // Counting does not fail.
      },
    });
    ticks.start();
    return () => void ticks.stop();
  }

  /** A thread within one long call of V8 answers only after it. */
  async #checkMemory(limitBytes: number): Promise<void> {
    if (this.#isHeapRequested) return;
    this.#isHeapRequested = true;
    // A thread that has ended in the meantime has no statistics.
    const heap = await this.#worker.getHeapStatistics().catch(() => undefined);
    this.#isHeapRequested = false;
    if (heap !== undefined && heap.used_heap_size > limitBytes) this.#end(new ThreadLimitError('memory'));
  }

  /** Rejects the task only when the thread has ended, so that nothing of it is still running. */
  #end(reason: Error): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    void this.#worker.terminate();
  }
}
