/** Limits the DNS queries of one subtask: enough for a fast crawler, and little enough not to slow the runner down. */

/** A token bucket: its size, and the tokens that are added per second. */
const burst = 20_000;
const perSecond = 2000;
/** Unanswered queries after which no more are answered. */
const maxUnanswered = 50_000;

export class QuestionBudget {
  readonly #onNotice: (message: string) => void;
  readonly #now: () => number;
  #left = burst;
  #countedAt: number;
  #unanswered = 0;

  /**
   * @param onNotice receives messages for the run's log
   * @param now monotonic clock, in milliseconds
   */
  constructor(onNotice: (message: string) => void, now: () => number = () => performance.now()) {
    this.#onNotice = onNotice;
    this.#now = now;
    this.#countedAt = now();
  }

  /** Whether so many queries were unanswered that no more will be answered. */
  get isExhausted(): boolean {
    return this.#unanswered >= maxUnanswered;
  }

  /** Whether to answer one more query. It has to be cheap, since it is called for every query of a flood. */
  take(): boolean {
    if (this.isExhausted) return false;
    if (this.#left < 1) this.#refill();
    if (this.#left >= 1) {
      this.#left -= 1;
      return true;
    }
    if (this.#unanswered === 0)
      this.#onNotice(`more than ${perSecond} DNS queries per second: some are not answered`);
    this.#unanswered += 1;
    if (this.isExhausted) this.#onNotice('too many DNS queries: no more are answered');
    return false;
  }

  #refill(): void {
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + ((now - this.#countedAt) / 1000) * perSecond);
    this.#countedAt = now;
  }
}
