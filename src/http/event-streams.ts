/** Limits the open event streams of each account in this process. */
import { ChelaError } from '../errors.ts';

export class EventStreams {
  readonly #limit: number;
  readonly #open = new Map<number, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns ends the stream; idempotent @throws ChelaError RATE_LIMITED if the account has too many */
  open(accountId: number): () => void {
    const count = this.#open.get(accountId) ?? 0;
    if (count >= this.#limit) {
      throw new ChelaError(
        'RATE_LIMITED',
        `the account has reached the limit of ${this.#limit} open event streams (CHELA_EVENT_STREAM_LIMIT): close one first`,
      );
    }
    this.#open.set(accountId, count + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const rest = (this.#open.get(accountId) ?? 1) - 1;
      if (rest === 0) this.#open.delete(accountId);
      else this.#open.set(accountId, rest);
    };
  }
}
