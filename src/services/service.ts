/** What runs for as long as the platform does: one contract, and what makes it easy to keep. */

export interface Service {
  /** As the log says it. */
  readonly name: string;
  /**
   * Resolves once it serves. If it cannot start, it rejects and has released everything. Calls share one promise; after a
   * stop it starts again.
   */
  start(): Promise<void>;
  /**
   * Resolves once nothing of it is left. Waits for a start that is under way. Does nothing if it is not started, or stopped
   * already; calls share one promise.
   * @param graceMilliseconds time that what is under way gets to end by itself; 0 if omitted
   */
  stop(graceMilliseconds?: number): Promise<void>;
}

interface Step {
  readonly kind: 'start' | 'stop';
  readonly done: Promise<void>;
}

/** Keeps the contract: whatever calls come in whatever order, `begin` and `end` follow each other by turns. */
export abstract class StartStop implements Service {
  abstract readonly name: string;
  /** The newest that was asked for, done or under way; undefined before the first start, and after a failure. */
  #last: Step | undefined;
  #stopAsked = new AbortController();

  /**
   * Starts. Where it rejects, `end` cleans up.
   * @param stopAsked aborted as soon as a stop waits for the start: what may take long can give up
   */
  protected abstract begin(stopAsked: AbortSignal): Promise<void>;
  /** Releases what `begin` made, as far as it came; the opposite order is usually right. */
  protected abstract end(graceMilliseconds: number): Promise<void>;

  start(): Promise<void> {
    if (this.#last?.kind === 'start') return this.#last.done;
    this.#stopAsked = new AbortController();
    return this.#follow('start', this.#beginAfter(this.#last?.done, this.#stopAsked.signal));
  }

  stop(graceMilliseconds = 0): Promise<void> {
    if (this.#last === undefined) return Promise.resolve();
    if (this.#last.kind === 'stop') return this.#last.done;
    this.#stopAsked.abort(new Error(`${this.name} is stopped`));
    return this.#follow('stop', this.#endAfter(this.#last.done, graceMilliseconds));
  }

  async #beginAfter(stopped: Promise<void> | undefined, stopAsked: AbortSignal): Promise<void> {
    await stopped?.catch(() => undefined);
    try {
      await this.begin(stopAsked);
    } catch (error) {
      await this.end(0).catch(() => undefined);
      throw error;
    }
  }

  async #endAfter(started: Promise<void>, graceMilliseconds: number): Promise<void> {
    // A start that failed has left nothing.
    const isStarted = await started.then(
      () => true,
      () => false,
    );
    if (isStarted) await this.end(graceMilliseconds);
  }

  #follow(kind: Step['kind'], done: Promise<void>): Promise<void> {
    const step = { kind, done };
    this.#last = step;
    done.catch(() => {
      if (this.#last === step) this.#last = undefined;
    });
    return done;
  }
}

interface Steps {
  readonly start?: (stopAsked: AbortSignal) => Promise<void>;
  readonly stop?: (graceMilliseconds: number) => Promise<void>;
}

class ServiceOfSteps extends StartStop {
  readonly name: string;
  readonly #steps: Steps;

  constructor(name: string, steps: Steps) {
    super();
    this.name = name;
    this.#steps = steps;
  }

  protected override async begin(stopAsked: AbortSignal): Promise<void> {
    await this.#steps.start?.(stopAsked);
  }

  protected override async end(graceMilliseconds: number): Promise<void> {
    await this.#steps.stop?.(graceMilliseconds);
  }
}

/** A service whose start and stop are a step each. */
export function serviceOf(name: string, steps: Steps): Service {
  return new ServiceOfSteps(name, steps);
}
