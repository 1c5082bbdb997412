/** Tells clients that follow runs when to read more. One statement looks at all followed runs. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../database/database.ts';
import type { Events } from '../events/events.ts';

const lookMilliseconds = 300;

/** What of a run changes while it is under way. The counts only grow. */
export interface RunProgress {
  readonly status: string;
  readonly rows: number;
  readonly lines: number;
  readonly trafficBytes: number;
}

interface ProgressRow extends RunProgress {
  readonly id: number;
}

function isSame(one: RunProgress | undefined, other: RunProgress | undefined): boolean {
  return (
    one?.status === other?.status &&
    one?.rows === other?.rows &&
    one?.lines === other?.lines &&
    one?.trafficBytes === other?.trafficBytes
  );
}

/** One follower of one run. Dispose of it when its reader has left. */
export class FollowedRun implements Disposable {
  readonly runId: number;
  readonly #leave: () => void;
  #latest: RunProgress | undefined;
  #taken: RunProgress | undefined;
  #isGone = false;
  #wake: () => void = () => undefined;

  /** @param leave called when the reader has left */
  constructor(runId: number, leave: (follower: FollowedRun) => void) {
    this.runId = runId;
    this.#leave = () => leave(this);
  }

  /** Called after each look. @param progress undefined if the run has been deleted */
  tell(progress: RunProgress | undefined): void {
    this.#isGone = progress === undefined;
    this.#latest = progress;
    if (this.#hasNews) this.#wake();
  }

  /**
   * Waits until the run has changed since the last call, the time is over, or the signal is aborted. A reader that reads
   * the run afterwards misses nothing: a change during its reading ends the next wait.
   * @returns whether the run has changed
   */
  async changed(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#hasNews && !signal.aborted) await this.#news(milliseconds, signal);
    const hasNews = this.#hasNews;
    this.#taken = this.#latest;
    return hasNews;
  }

  #news(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = () => undefined;
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener('abort', end);
      this.#wake = end;
    });
  }

  [Symbol.dispose](): void {
    this.#leave();
  }

  get #hasNews(): boolean {
    return this.#isGone || !isSame(this.#latest, this.#taken);
  }
}

export class RunProgressWatch {
  readonly #database: Database;
  readonly #events: Events;
  readonly #followers = new Set<FollowedRun>();
  #isLooking = false;

  constructor(database: Database, events: Events) {
    this.#database = database;
    this.#events = events;
  }

  follow(runId: number): FollowedRun {
    const follower = new FollowedRun(runId, (left) => this.#followers.delete(left));
    this.#followers.add(follower);
    if (!this.#isLooking) void this.#lookWhileFollowed();
    return follower;
  }

  async #lookWhileFollowed(): Promise<void> {
    this.#isLooking = true;
    while (this.#followers.size > 0) {
      await delay(lookMilliseconds);
      await this.#look().catch((err: unknown) => this.#events.failed({ work: 'follow-runs', err }));
    }
    this.#isLooking = false;
  }

  async #look(): Promise<void> {
    const followers = [...this.#followers];
    const { rows } = await this.#database.pool.query<ProgressRow>({
      name: 'run-progress',
      text: `SELECT run.id, run.status, run.result_count AS rows, run.traffic_bytes AS "trafficBytes",
               coalesce(run_log.debug_lines + run_log.info_lines + run_log.warn_lines + run_log.error_lines, 0) AS lines
             FROM run LEFT JOIN run_log ON run_log.run_id = run.id
             WHERE run.id = ANY($1)`,
      values: [[...new Set(followers.map(({ runId }) => runId))]],
    });
    const byRun = new Map(rows.map((row) => [row.id, row]));
    for (const follower of followers) follower.tell(byRun.get(follower.runId));
  }
}
