import type { PoolClient } from 'pg';

/** The interface of callbacks that runs use: reports status changes to callback URLs. */
export interface StatusCallbacks {
  /**
   * Rejects an invalid callback URL.
   * @throws ChelaError INVALID_SHAPE if it is not a URL, INVALID_ARGUMENT if callbacks must not use it
   */
  check(callbackUrl: string): void;
  /**
   * Records the current status of those runs that have a callback URL, and queues the delivery.
   * @param client of the transaction that has just changed the status
   */
  record(client: PoolClient, runIds: readonly number[]): Promise<void>;
}
