import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until there is a result, for what sends no signal: another process, or a database that is away.
 * @throws the error of the last attempt when the time is up
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  limitMilliseconds = 120_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + limitMilliseconds;
  let problem: unknown = new Error('there was no answer');
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null) return answer;
    } catch (error) {
      problem = error;
    }
    await delay(30);
  }
  throw problem;
}
