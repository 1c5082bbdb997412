import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from './database-errors.ts';

const retryMilliseconds = 500;

/**
 * Retries `attempt` for as long as PostgreSQL is unavailable.
 * @param signal aborts the wait
 * @throws any other error of `attempt`, or an AbortError
 */
export async function waitOut<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
    }
    await delay(retryMilliseconds, undefined, { signal });
  }
}
