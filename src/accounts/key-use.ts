/** Records when keys are used: about once a minute, beside the requests and never in their way. */
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { TriggeredWork } from '../services/triggered-work.ts';

const intervalMilliseconds = 60_000;
const mostRemembered = 10_000;

export class KeyUse {
  readonly #database: Database;
  readonly #events: Events;
  /** When each key was recorded last, by this process; monotonic. */
  readonly #recordedAt = new Map<number, number>();
  readonly #waiting = new Set<number>();
  readonly #records = new TriggeredWork({
    work: () => this.#record(),
    // The next use after a minute has its own chance.
    onError: (err) => this.#events.failed({ work: 'record-key-use', err }),
  });

  constructor(database: Database, events: Events) {
    this.#database = database;
    this.#events = events;
  }

  /** Costs a look at a map; what there is to write is written later. */
  note(apiKeyId: number): void {
    const now = performance.now();
    if (now - (this.#recordedAt.get(apiKeyId) ?? -Infinity) < intervalMilliseconds) return;
    if (this.#recordedAt.size >= mostRemembered) this.#recordedAt.clear();
    this.#recordedAt.set(apiKeyId, now);
    this.#waiting.add(apiKeyId);
    this.#records.trigger();
  }

  /** Resolves once all that was noted is written, or could not be. */
  async settled(): Promise<void> {
    await this.#records.settled();
  }

  async #record(): Promise<void> {
    const ids = [...this.#waiting];
    this.#waiting.clear();
    await this.#database.pool.query({
      name: 'record-key-use',
      // Other processes record the same key; theirs will do.
      text: `UPDATE api_key SET last_used_at = now()
             WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
      values: [ids],
    });
  }
}
