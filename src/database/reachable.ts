/** Waits until PostgreSQL takes connections: it may be starting, or recovering from a crash. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { isDatabaseUnavailable } from './database-errors.ts';

const firstPauseMilliseconds = 20;
const longestPauseMilliseconds = 500;
/** One attempt; a host that drops packets never refuses. */
const connectLimitMilliseconds = 5000;

/** Besides what says that the server itself is away: the way to it, or its name, may come up later too. */
const networkCodes = new Set(['EAI_AGAIN', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

interface WaitOptions {
  /** Longest wait. */
  readonly limitSeconds: number;
  /** Called once, with the reason, where the first attempt fails. */
  readonly onWaiting?: ((reason: string) => void) | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** Nobody answered until the time was up. */
export class DatabaseUnreachableError extends Error {
  override name = 'DatabaseUnreachableError';
}

/** A name with several addresses fails with one error for all of them, which says nothing itself. */
function reasonOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  return errors.map(({ message }) => message).join('; ');
}

function mayPass(error: Error, tookMilliseconds: number): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    isDatabaseUnavailable(error) || networkCodes.has(code) || tookMilliseconds >= connectLimitMilliseconds
  );
}

async function connectOnce(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'chela start',
    connectionTimeoutMillis: connectLimitMilliseconds,
  });
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Resolves once a connection could be made.
 * @throws DatabaseUnreachableError with the last reason when the time is up
 * @throws Error at once for what waiting does not mend, such as a wrong password
 */
export async function untilReachable(
  url: string,
  { limitSeconds, onWaiting, signal }: WaitOptions,
): Promise<void> {
  const startedAt = performance.now();
  let pause = firstPauseMilliseconds;
  let isTold = false;
  for (;;) {
    const attemptAt = performance.now();
    try {
      await connectOnce(url);
      return;
    } catch (error) {
      if (!(error instanceof Error) || !mayPass(error, performance.now() - attemptAt)) throw error;
      const reason = reasonOf(error);
      if (performance.now() - startedAt > limitSeconds * 1000) {
        throw new DatabaseUnreachableError(reason, { cause: error });
      }
      if (!isTold) onWaiting?.(reason);
      isTold = true;
    }
    await delay(pause, undefined, { signal });
    pause = Math.min(pause * 2, longestPauseMilliseconds);
  }
}
