/**
 * The bytes that the subtasks of one run on this runner send and receive through their proxies: added to the run every
 * second and at the end, and held against the run's limit, which counts what other runners stored as well.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isDatabaseUnavailable, type Database } from '../../database/database.ts';

const flushMilliseconds = 1000;
const retryMilliseconds = 500;

interface RunTrafficOptions {
  readonly database: Database;
  readonly runId: number;
  /** max_total_traffic; 0 is no limit. */
  readonly limitBytes: number;
  readonly logger: Logger;
}

export class RunTraffic {
  readonly #options: RunTrafficOptions;
  /** What the database had when it was last asked. */
  #storedBytes = 0;
  #unstoredBytes = 0;
  #flushing: Promise<void> | undefined;
  #exceeded = false;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: RunTrafficOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      // Other runners may use up the limit.
      if (this.#unstoredBytes > 0 || options.limitBytes > 0) void this.#flush().catch(() => undefined);
    }, flushMilliseconds);
  }

  /** 0 is no limit. */
  get limitBytes(): number {
    return this.#options.limitBytes;
  }

  add(bytes: number): void {
    this.#unstoredBytes += bytes;
    this.#compare();
  }

  /** Calls back once the run is over its limit, at once where it is. @returns the way to unsubscribe */
  onExceeded(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#exceeded) listener();
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once it is known whether earlier subtasks used up the limit, or PostgreSQL could not say. */
  async known(): Promise<void> {
    if (this.#options.limitBytes > 0) await this.#flush().catch(() => undefined);
  }

  /** Resolves once all that was added is stored. While PostgreSQL is away it keeps trying; other errors are logged. */
  async settled(): Promise<void> {
    while (this.#unstoredBytes > 0) {
      try {
        await this.#flush();
      } catch (error) {
        if (!isDatabaseUnavailable(error)) return;
        await delay(retryMilliseconds);
      }
    }
  }

  /** Stops storing. Call it after `settled()`. */
  close(): void {
    clearInterval(this.#timer);
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#store().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #store(): Promise<void> {
    const { database, runId, logger } = this.#options;
    const bytes = this.#unstoredBytes;
    try {
      const { rows } = await database.pool.query<{ traffic_bytes: number }>(
        bytes === 0
          ? { name: 'read-traffic', text: 'SELECT traffic_bytes FROM run WHERE id = $1', values: [runId] }
          : {
              name: 'add-traffic',
              text: 'UPDATE run SET traffic_bytes = traffic_bytes + $2 WHERE id = $1 RETURNING traffic_bytes',
              values: [runId, bytes],
            },
      );
      this.#storedBytes = rows[0]?.traffic_bytes ?? 0;
      this.#unstoredBytes -= bytes;
    } catch (error) {
      logger.warn({ run: runId, error: (error as Error).message }, 'could not store the traffic of a run');
      throw error;
    }
    this.#compare();
  }

  #compare(): void {
    const { limitBytes } = this.#options;
    if (this.#exceeded || limitBytes === 0 || this.#storedBytes + this.#unstoredBytes <= limitBytes) return;
    this.#exceeded = true;
    for (const listener of this.#listeners) listener();
  }
}
