import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from './database-errors.ts';

const retryMilliseconds = 500;

/**
 * Does what needs PostgreSQL, and does it again for as long as PostgreSQL is out of reach.
 * @param signal ends the waiting
 * @throws what else goes wrong, or an AbortError
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
