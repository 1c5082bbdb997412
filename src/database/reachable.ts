/** Waits until PostgreSQL accepts connections: it may be starting, or recovering from a crash. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { isDatabaseUnavailable } from './database-errors.ts';

const firstPauseMilliseconds = 20;
const maxPauseMilliseconds = 500;
/** Limit for one attempt; a host that drops packets never refuses. */
const connectLimitMilliseconds = 5000;

/** Also worth waiting for, besides errors of the server itself: the network or the name may become available later. */
const networkCodes = new Set(['EAI_AGAIN', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

interface WaitOptions {
  /** Maximum wait. */
  readonly limitSeconds: number;
  /** Called once, with the reason, if the first attempt fails. */
  readonly onWaiting?: ((reason: string) => void) | undefined;
  /** Aborts the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** No server answered within the time limit. */
export class DatabaseUnreachableError extends Error {
  override name = 'DatabaseUnreachableError';
}

/** A name with several addresses fails with an aggregate error, whose own message is empty. */
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
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Resolves once a connection succeeds.
 * @throws DatabaseUnreachableError with the last reason after the time limit
 * @throws Error at once for problems that waiting does not solve, such as a wrong password
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
    pause = Math.min(pause * 2, maxPauseMilliseconds);
  }
}
