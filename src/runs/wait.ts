/** Waits for a run to end, by its notification, with a slow poll as backup. */
import { type Database, type Notifications, channels } from '../database/database.ts';
import { isFinished, type RunStatus } from './statuses.ts';

const pollMilliseconds = 2000;

export class RunWaiter {
  readonly #database: Database;
  readonly #notifications: Notifications;

  constructor(database: Database, notifications: Notifications) {
    this.#database = database;
    this.#notifications = notifications;
  }

  /** @returns whether the run ended before the time was up or the signal was aborted */
  async untilFinished(runId: number, limitMilliseconds: number, signal?: AbortSignal): Promise<boolean> {
    const end = AbortSignal.any([AbortSignal.timeout(limitMilliseconds), ...(signal ? [signal] : [])]);
    while (!end.aborted) {
      const woken = this.#nextSignal(runId, end);
      if (await this.#isFinished(runId)) {
        woken.cancel();
        return true;
      }
      await woken.sign;
    }
    return this.#isFinished(runId);
  }

  async #isFinished(runId: number): Promise<boolean> {
    const { rows } = await this.#database.pool.query<{ status: RunStatus }>({
      name: 'run-status',
      text: 'SELECT status FROM run WHERE id = $1',
      values: [runId],
    });
    return rows[0] === undefined || isFinished(rows[0].status);
  }

  /** Resolves at the run's notification, the next poll or the end, whichever comes first. */
  #nextSignal(runId: number, end: AbortSignal): { sign: Promise<void>; cancel: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopListening = this.#notifications.on(channels.runFinished, (payload) => {
      if (payload === String(runId)) cancel();
    });
    const poll = setTimeout(cancel, pollMilliseconds);
    end.addEventListener('abort', cancel, { once: true });
    function cancel(): void {
      stopListening();
      clearTimeout(poll);
      end.removeEventListener('abort', cancel);
      resolve();
    }
    return { sign: promise, cancel };
  }
}
