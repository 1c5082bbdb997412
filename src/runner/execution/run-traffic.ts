/**
 * The traffic of a run's subtasks on this runner through their proxies. It is added to the run every second and at the
 * end, and compared with the run's limit, which includes the traffic on other runners.
 */
import { type Database, waitOut } from '../../database/database.ts';
import type { Events } from '../../events/events.ts';
import type { Claim, RunClaims } from '../../runs/runs.ts';
import { Periodic } from '../../services/periodic.ts';

const flushMilliseconds = 1000;

interface RunTrafficOptions {
  readonly database: Database;
  readonly claims: RunClaims;
  readonly runId: number;
  readonly runSlug: string;
  /** max_total_traffic; 0 for no limit. */
  readonly limitBytes: number;
  readonly events: Events;
}

export class RunTraffic {
  readonly #options: RunTrafficOptions;
  /** The run's traffic in the database when last read. */
  #storedBytes = 0;
  #unstoredBytes = 0;
  readonly #unstored = new Map<Claim, number>();
  readonly #flushes: Periodic;
  #exceeded = false;
  readonly #listeners = new Set<() => void>();

  constructor(options: RunTrafficOptions) {
    this.#options = options;
    this.#flushes = new Periodic({
      intervalMilliseconds: flushMilliseconds,
      work: () => this.#flush(),
      onError: () => {
        // Failures have been reported, and are retried.
      },
    });
    this.#flushes.start();
  }

  /** 0 for no limit. */
  get limitBytes(): number {
    return this.#options.limitBytes;
  }

  add(claim: Claim, bytes: number): void {
    this.#unstored.set(claim, (this.#unstored.get(claim) ?? 0) + bytes);
    this.#unstoredBytes += bytes;
    this.#compare();
  }

  /** Calls back once the run exceeds the limit, at once if it already does. @returns a function that unsubscribes */
  onExceeded(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#exceeded) listener();
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves once it is known whether earlier subtasks used up the limit. Retries while PostgreSQL is unavailable.
   * Other errors are reported, and the run continues without its limit.
   * @param signal aborts the wait
   */
  async known(signal: AbortSignal): Promise<void> {
    if (this.#options.limitBytes > 0) await this.#flushed(signal);
  }

  /** Resolves once all traffic so far is stored. Retries while PostgreSQL is unavailable. Other errors are reported. */
  async settled(): Promise<void> {
    while (this.#unstoredBytes > 0) if (!(await this.#flushed())) return;
  }

  /** @returns false if it failed for another reason than PostgreSQL being unavailable */
  async #flushed(signal?: AbortSignal): Promise<boolean> {
    try {
      await waitOut(() => this.#flushes.run(), signal);
      return true;
    } catch {
      // The failure has been reported.
      return false;
    }
  }

  /** Stops storing. Call it after `settled()`. */
  async close(): Promise<void> {
    await this.#flushes.stop();
  }

  async #flush(): Promise<void> {
    const { runSlug: run, limitBytes, events } = this.#options;
    // With a limit, the database is read anyway, because other runners may use it up.
    if (this.#unstoredBytes === 0 && limitBytes === 0) return;
    try {
      if (this.#unstoredBytes === 0) await this.#read();
      else await this.#store();
    } catch (err) {
      events.failed({ work: 'store-traffic', err, run });
      throw err;
    }
    this.#compare();
  }

  async #read(): Promise<void> {
    const { database, runId } = this.#options;
    const { rows } = await database.pool.query<{ traffic_bytes: number }>({
      name: 'read-traffic',
      text: 'SELECT traffic_bytes FROM run WHERE id = $1',
      values: [runId],
    });
    this.#storedBytes = rows[0]?.traffic_bytes ?? 0;
  }

  /** Adds what has not been added; drops the traffic of lost claims. */
  async #store(): Promise<void> {
    const { database, claims, runId } = this.#options;
    const taken = Array.from(this.#unstored, ([claim, bytes]) => ({ claim, bytes, isLost: false }));
    await claims.store(taken, async (current, fence) => {
      const { rows } = await database.pool.query<{ traffic_bytes: number }>({
        name: 'add-traffic',
        text: `UPDATE run SET traffic_bytes = traffic_bytes + $2 WHERE id = $1 AND fence = $3 RETURNING traffic_bytes`,
        values: [runId, current.reduce((sum, { bytes }) => sum + bytes, 0), fence],
      });
      this.#storedBytes = rows[0]?.traffic_bytes ?? this.#storedBytes;
      return rows.length === 1;
    });
    for (const { claim, bytes } of taken) {
      const left = (this.#unstored.get(claim) ?? 0) - bytes;
      if (left > 0) this.#unstored.set(claim, left);
      else this.#unstored.delete(claim);
      this.#unstoredBytes -= bytes;
    }
  }

  #compare(): void {
    const { limitBytes } = this.#options;
    if (this.#exceeded || limitBytes === 0 || this.#storedBytes + this.#unstoredBytes <= limitBytes) return;
    this.#exceeded = true;
    for (const listener of this.#listeners) listener();
  }
}
