/** Finds out whether a system allows something by trying it. Success is remembered; after a failure it is tried again. */

/** Minimum time between attempts, so that not every subtask waits for one. */
const retryMilliseconds = 60_000;

export class RememberedTrial {
  readonly #attempt: () => Promise<void>;
  readonly #now: () => number;
  #last: { readonly problem: Promise<string | undefined>; readonly at: number } | undefined;

  /**
   * @param attempt rejects if the system does not allow it
   * @param now monotonic clock, in milliseconds
   */
  constructor(attempt: () => Promise<void>, now: () => number = () => performance.now()) {
    this.#attempt = attempt;
    this.#now = now;
  }

  /** Why the last attempt failed; undefined if it succeeded. Never rejects. */
  async problem(): Promise<string | undefined> {
    const last = this.#last;
    if (last !== undefined && (await last.problem) === undefined) return undefined;
    // Of callers that wait for the same attempt, only one makes the next.
    const isNext = this.#last === last;
    if (isNext && (last === undefined || this.#now() - last.at > retryMilliseconds)) {
      const problem = this.#attempt().then(
        () => undefined,
        (error: Error) => error.message,
      );
      this.#last = { problem, at: this.#now() };
    }
    return this.#last?.problem;
  }
}
