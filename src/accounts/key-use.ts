/** Records when keys are used: about once a minute, beside the requests and never in their way. */
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';

const intervalMilliseconds = 60_000;
const mostRemembered = 10_000;

export class KeyUse {
  readonly #database: Database;
  readonly #events: Events;
  /** When each key was recorded last, by this process; monotonic. */
  readonly #recordedAt = new Map<number, number>();
  readonly #waiting = new Set<number>();
  #recording: Promise<void> | undefined;

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
    this.#recording ??= this.#recordAll().finally(() => {
      this.#recording = undefined;
    });
  }

  /** Resolves once all that was noted is written, or could not be. */
  async settled(): Promise<void> {
    while (this.#recording !== undefined) await this.#recording;
  }

  async #recordAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const ids = [...this.#waiting];
      this.#waiting.clear();
      try {
        await this.#database.pool.query({
          name: 'record-key-use',
          // Other processes record the same key; theirs will do.
          text: `UPDATE api_key SET last_used_at = now()
                 WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
          values: [ids],
        });
      } catch (err) {
        // The next use after a minute has its own chance.
        this.#events.failed({ work: 'record-key-use', err });
      }
    }
  }
}
