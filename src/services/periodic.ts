/**
 * Work that is done again and again, one at a time: a time that comes while the work is under way is left out. Node's timers
 * follow the monotonic clock, so a step of the wall clock neither hurries nor holds up anything.
 */
import { TriggeredWork, type TriggeredWorkOptions } from './triggered-work.ts';

export interface PeriodicOptions extends TriggeredWorkOptions {
  readonly intervalMilliseconds: number;
}

export class Periodic {
  readonly #work: TriggeredWork;
  readonly #intervalMilliseconds: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ intervalMilliseconds, ...options }: PeriodicOptions) {
    this.#work = new TriggeredWork(options);
    this.#intervalMilliseconds = intervalMilliseconds;
  }

  /** The first time comes after one interval. May be called twice. */
  start(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#work.isUnderWay) this.#work.trigger();
    }, this.#intervalMilliseconds);
  }

  /**
   * Does the work now; while it is under way, once more right after it, however often this is called meanwhile. Does nothing
   * before `start()` and after `stop()`.
   */
  trigger(): void {
    if (this.#timer !== undefined) this.#work.trigger();
  }

  /** Does the work now, started or not, or shares what is under way. Rejects as the work does. */
  run(): Promise<void> {
    return this.#work.run();
  }

  /** Waits for the work that is under way; none follows it. May be called twice, or before `start()`; not by the work itself. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#work.stop();
  }
}
