import type { PoolClient } from 'pg';

/** What tells callback URLs that runs change their status, as far as runs need it. */
export interface StatusCallbacks {
  /**
   * Refuses a callback URL that is wrong.
   * @throws ChelaError INVALID_SHAPE for what is no URL, INVALID_ARGUMENT for one that callbacks must not go to
   */
  check(callbackUrl: string): void;
  /**
   * Records the present status of those of the runs that have a callback URL, and queues its delivery.
   * @param client of the transaction that has just changed the status
   */
  record(client: PoolClient, runIds: readonly number[]): Promise<void>;
}
