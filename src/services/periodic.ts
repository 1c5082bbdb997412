/**
 * Work that is done again and again, one at a time: a time that comes while the work is under way is left out. Node's timers
 * follow the monotonic clock, so a step of the wall clock neither hurries nor holds up anything.
 */
import { OneAtATime } from './one-at-a-time.ts';

export interface PeriodicOptions {
  readonly intervalMilliseconds: number;
  readonly work: () => Promise<void>;
  /** Told of every failure of work that nobody waits for. The next time comes all the same. */
  readonly onError: (error: unknown) => void;
}

export class Periodic {
  readonly #options: PeriodicOptions;
  readonly #work: OneAtATime;
  #timer: NodeJS.Timeout | undefined;
  #doing: Promise<void> | undefined;
  #again = false;

  constructor(options: PeriodicOptions) {
    this.#options = options;
    this.#work = new OneAtATime(options.work);
  }

  get isStarted(): boolean {
    return this.#timer !== undefined;
  }

  /** The first time comes after one interval. May be called twice. */
  start(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#work.isUnderWay) this.trigger();
    }, this.#options.intervalMilliseconds);
  }

  /**
   * Does the work now; while it is under way, once more right after it, however often this is called meanwhile. Does nothing
   * before `start()` and after `stop()`.
   */
  trigger(): void {
    if (!this.isStarted) return;
    this.#again = true;
    this.#doing ??= this.#doWhileTriggered();
  }

  /** Does the work now, started or not, or shares what is under way. Rejects as the work does. */
  run(): Promise<void> {
    return this.#work.run();
  }

  /** Waits for the work that is under way; none follows it. May be called twice, or before `start()`; not by the work itself. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#doing;
    await this.#work.settled();
  }

  async #doWhileTriggered(): Promise<void> {
    while (this.#again) {
      // What `run()` began may have looked before the trigger.
      await this.#work.settled();
      if (!this.isStarted) break;
      this.#again = false;
      await this.#work.run().catch(this.#options.onError);
    }
    this.#doing = undefined;
  }
}
