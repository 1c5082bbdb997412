/**
 * Reads untrusted content in threads with limits on time and memory. Whatever a text does to the code that reads it,
 * only the thread ends, and the event loop continues.
 */
import { PoolThread, type ThreadOptions } from './pool-thread.ts';

export { ThreadLimitError } from './pool-thread.ts';

/** How long an idle thread is kept for the next task. */
const idleMilliseconds = 10_000;

interface ThreadPoolOptions extends ThreadOptions {
  /** Maximum number of threads; further tasks wait for one. */
  readonly size: number;
}

export class ThreadPool<Task, Answer> {
  readonly #options: ThreadPoolOptions;
  readonly #idle = new Map<PoolThread<Task, Answer>, NodeJS.Timeout>();
  /** Tasks that wait for a thread, in order. */
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #busy = 0;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /**
   * @param task copied like the answer, with `structuredClone`
   * @param signal aborts the task or the wait for a thread
   * @throws ThreadLimitError, the signal's reason, or the task's error: a ChelaError as such, others with message and
   *   code
   */
  async run(task: Task, signal?: AbortSignal): Promise<Answer> {
    await this.#turn(signal);
    const thread = this.#takeThread();
    try {
      return await thread.run(task, signal);
    } finally {
      this.#keep(thread);
      this.#endTurn();
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#busy < this.#options.size) {
      this.#busy += 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(turn);
      if (index !== -1) this.#waiting.splice(index, 1);
      turn.reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Passes the thread to the task that has waited longest. */
  #endTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next.resolve();
  }

  #takeThread(): PoolThread<Task, Answer> {
    for (const [thread, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(thread);
      if (!thread.hasEnded) return thread;
    }
    return new PoolThread(this.#options);
  }

  #keep(thread: PoolThread<Task, Answer>): void {
    if (thread.hasEnded) return;
    const timer = setTimeout(() => {
      this.#idle.delete(thread);
      void thread.terminate();
    }, idleMilliseconds);
    timer.unref();
    this.#idle.set(thread, timer);
  }
}
