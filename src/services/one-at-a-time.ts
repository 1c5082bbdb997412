/** Work that is never done twice at the same time: calls while it is under way share its promise. */
export class OneAtATime<Result = void> {
  readonly #work: () => Promise<Result>;
  #current: Promise<Result> | undefined;

  constructor(work: () => Promise<Result>) {
    this.#work = work;
  }

  get isUnderWay(): boolean {
    return this.#current !== undefined;
  }

  /** Does the work, or shares what is under way. Rejects as the work does. */
  run(): Promise<Result> {
    this.#current ??= Promise.resolve()
      .then(this.#work)
      .finally(() => {
        this.#current = undefined;
      });
    return this.#current;
  }

  /** Resolves once nothing is under way, however it ended. */
  async settled(): Promise<void> {
    await this.#current?.catch(() => undefined);
  }
}
