/** Work that is done whenever it is asked for, one at a time. */
import { OneAtATime } from './one-at-a-time.ts';

export interface TriggeredWorkOptions {
  readonly work: () => Promise<void>;
  /** Told of every failure of work that nobody waits for. Must not throw. */
  readonly onError: (error: unknown) => void;
}

export class TriggeredWork {
  readonly #work: OneAtATime;
  readonly #onError: (error: unknown) => void;
  #again = false;
  #doing: Promise<void> | undefined;

  constructor({ work, onError }: TriggeredWorkOptions) {
    this.#work = new OneAtATime(work);
    this.#onError = onError;
  }

  get isUnderWay(): boolean {
    return this.#doing !== undefined || this.#work.isUnderWay;
  }

  /** Does the work now; while it is under way, once more right after it, however often this is called meanwhile. */
  trigger(): void {
    this.#again = true;
    this.#doing ??= this.#doWhileTriggered();
  }

  /** Does the work now, or shares what is under way. Rejects as the work does. */
  run(): Promise<void> {
    return this.#work.run();
  }

  /** Forgets a trigger that came while the work was under way, and resolves once that has ended, however it did. */
  async stop(): Promise<void> {
    this.#again = false;
    await this.settled();
  }

  /** Resolves once nothing is under way and nothing was triggered meanwhile. */
  async settled(): Promise<void> {
    await this.#doing;
    await this.#work.settled();
  }

  async #doWhileTriggered(): Promise<void> {
    // What `run()` began may have looked before the trigger.
    await this.#work.settled();
    while (this.#again) {
      this.#again = false;
      await this.#work.run().catch(this.#onError);
    }
    // Without a pause after the last look at the trigger: none gets lost.
    this.#doing = undefined;
  }
}
