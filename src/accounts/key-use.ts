/** Records when keys were last used, about once a minute, without delaying requests. */
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { TriggeredWork } from '../services/triggered-work.ts';

const intervalMilliseconds = 60_000;
const maxRemembered = 10_000;

export class KeyUse {
  readonly #database: Database;
  readonly #events: Events;
  /** When this process last recorded each key, on the monotonic clock. */
  readonly #recordedAt = new Map<number, number>();
  readonly #waiting = new Set<number>();
  readonly #records = new TriggeredWork({
    work: () => this.#record(),
    // The next use after a minute tries again.
    onError: (err) => this.#events.failed({ work: 'record-key-use', err }),
  });

  constructor(database: Database, events: Events) {
    this.#database = database;
    this.#events = events;
  }

  /** Cheap: looks into a map; writing happens later. */
  note(apiKeyId: number): void {
    const now = performance.now();
    if (now - (this.#recordedAt.get(apiKeyId) ?? -Infinity) < intervalMilliseconds) return;
    if (this.#recordedAt.size >= maxRemembered) this.#recordedAt.clear();
    this.#recordedAt.set(apiKeyId, now);
    this.#waiting.add(apiKeyId);
    this.#records.trigger();
  }

  /** Resolves once all noted uses have been written or have failed. */
  async settled(): Promise<void> {
    await this.#records.settled();
  }

  async #record(): Promise<void> {
    const ids = [...this.#waiting];
    this.#waiting.clear();
    await this.#database.pool.query({
      name: 'record-key-use',
      // Skips keys that another process has just recorded.
      text: `UPDATE api_key SET last_used_at = now()
             WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
      values: [ids],
    });
  }
}
