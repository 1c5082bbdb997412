/** Limits the open event streams of each account in this process. */
import type { ServerResponse } from 'node:http';
import { ChelaError } from '../errors.ts';

export class EventStreams {
  readonly #limit: number;
  readonly #open = new Map<number, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Counts a stream until its answer is closed.
   * @throws ChelaError RATE_LIMITED if the account has too many
   */
  open(accountId: number, answer: ServerResponse): void {
    const count = this.#open.get(accountId) ?? 0;
    if (count >= this.#limit) {
      throw new ChelaError(
        'RATE_LIMITED',
        `the account has reached the limit of ${this.#limit} open event streams (CHELA_EVENT_STREAM_LIMIT): close one first`,
      );
    }
    // The client may have left already, and then the answer does not close again.
    if (answer.closed || answer.destroyed) return;
    this.#open.set(accountId, count + 1);
    answer.once('close', () => this.#leave(accountId));
  }

  #leave(accountId: number): void {
    const rest = (this.#open.get(accountId) ?? 1) - 1;
    if (rest === 0) this.#open.delete(accountId);
    else this.#open.set(accountId, rest);
  }
}
