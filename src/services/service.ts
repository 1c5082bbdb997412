/** The contract of services, which run as long as the platform, and a base class that implements it. */

export interface Service {
  /** Name in the log. */
  readonly name: string;
  /**
   * Resolves once the service is ready. If it cannot start, it rejects after releasing everything. Concurrent calls
   * share one promise. After a stop it can start again.
   */
  start(): Promise<void>;
  /**
   * Resolves once everything is released. Waits for a start in progress. Does nothing if the service is not started or
   * already stopped. Concurrent calls share one promise.
   * @param graceMilliseconds time for running work to finish by itself; 0 if omitted
   */
  stop(graceMilliseconds?: number): Promise<void>;
}

interface Step {
  readonly kind: 'start' | 'stop';
  readonly done: Promise<void>;
}

/** Implements the contract: `begin` and `end` alternate, whatever the order of calls. */
export abstract class StartStop implements Service {
  abstract readonly name: string;
  /** The latest requested step, finished or in progress; undefined before the first start and after a failure. */
  #last: Step | undefined;
  #stopAsked = new AbortController();

  /**
   * Starts. If it rejects, `end` cleans up.
   * @param stopAsked aborted once a stop waits for this start, so that slow steps can give up
   */
  protected abstract begin(stopAsked: AbortSignal): Promise<void>;
  /** Releases what `begin` created so far, usually in reverse order. */
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
    // A failed start has already cleaned up.
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

/** Makes a service from two functions. */
export function serviceOf(name: string, steps: Steps): Service {
  return new ServiceOfSteps(name, steps);
}
