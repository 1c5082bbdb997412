/**
 * Runs work at intervals, one run at a time. An interval that elapses during a run is skipped. Node's timers use the
 * monotonic clock, so changes of the wall clock have no effect.
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

  /** The first run is after one interval. May be called twice. */
  start(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#work.isUnderWay) this.#work.trigger();
    }, this.#intervalMilliseconds);
  }

  /**
   * Runs the work now; if a run is in progress, once more after it, however often this is called. Does nothing before
   * `start()` and after `stop()`.
   */
  trigger(): void {
    if (this.#timer !== undefined) this.#work.trigger();
  }

  /** Runs the work now, started or not, or joins the run in progress. Rejects if the work does. */
  run(): Promise<void> {
    return this.#work.run();
  }

  /**
   * Waits for the run in progress and starts no more. May be called twice, or before `start()`, but not by the work
   * itself.
   */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#work.stop();
  }
}
