/** Runs work on request, one run at a time. */
import { OneAtATime } from './one-at-a-time.ts';

export interface TriggeredWorkOptions {
  readonly work: () => Promise<void>;
  /** Called with every failure of work that nobody awaits. Must not throw. */
  readonly onError: (error: unknown) => void;
}

export class TriggeredWork {
  readonly #work: OneAtATime;
  readonly #onError: (error: unknown) => void;
  #again = false;
  #running: Promise<void> | undefined;

  constructor({ work, onError }: TriggeredWorkOptions) {
    this.#work = new OneAtATime(work);
    this.#onError = onError;
  }

  get isUnderWay(): boolean {
    return this.#running !== undefined || this.#work.isUnderWay;
  }

  /** Runs the work now; if a run is in progress, once more after it, however often this is called. */
  trigger(): void {
    this.#again = true;
    this.#running ??= this.#doWhileTriggered();
  }

  /** Runs the work now, or joins the run in progress. Rejects if the work does. */
  run(): Promise<void> {
    return this.#work.run();
  }

  /** Drops a pending trigger, and resolves once the run in progress has ended, whatever its outcome. */
  async stop(): Promise<void> {
    this.#again = false;
    await this.settled();
  }

  /** Resolves once no run is in progress or pending. */
  async settled(): Promise<void> {
    await this.#running;
    await this.#work.settled();
  }

  async #doWhileTriggered(): Promise<void> {
    // The run in progress may have read its state before the trigger.
    await this.#work.settled();
    while (this.#again) {
      this.#again = false;
      await this.#work.run().catch(this.#onError);
    }
    // Synchronous with the last check of the trigger, so that none gets lost.
    this.#running = undefined;
  }
}
