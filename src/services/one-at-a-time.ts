/** Work that must not run concurrently with itself: calls during a run share its promise. */
export class OneAtATime<Result = void> {
  readonly #work: () => Promise<Result>;
  #current: Promise<Result> | undefined;

  constructor(work: () => Promise<Result>) {
    this.#work = work;
  }

  get isUnderWay(): boolean {
    return this.#current !== undefined;
  }

  /** Runs the work, or joins the run in progress. Rejects if the work does. */
  run(): Promise<Result> {
    this.#current ??= Promise.resolve()
      .then(this.#work)
      .finally(() => {
        this.#current = undefined;
      });
    return this.#current;
  }

  /** Resolves once no run is in progress, whatever its outcome. */
  async settled(): Promise<void> {
    await this.#current?.catch(() => undefined);
  }
}
