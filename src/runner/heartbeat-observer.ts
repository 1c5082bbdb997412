/**
 * Tells which runners have died by how long their heartbeats have stayed the same before the observer's own eyes, on the
 * monotonic clock. The times in the heartbeats are never compared with a clock: a clock may step, and a machine or PostgreSQL
 * may be away for longer than a lease without any runner being at fault.
 */

interface Seen {
  readonly heartbeat: string;
  /** Monotonic time of the first look that saw it. */
  readonly sinceMilliseconds: number;
}

/** What a look at the database found, and when; monotonic times. */
export interface Look {
  readonly beganAtMilliseconds: number;
  readonly endedAtMilliseconds: number;
  /** By the runner's key; any text that changes with each heartbeat. */
  readonly heartbeats: ReadonlyMap<number, string>;
}

export class HeartbeatObserver {
  readonly #leaseMilliseconds: number;
  #seen = new Map<number, Seen>();
  #lastEndedAt = Number.NEGATIVE_INFINITY;

  constructor(leaseMilliseconds: number) {
    this.#leaseMilliseconds = leaseMilliseconds;
  }

  /**
   * Takes the next look. One that comes later than half a lease after the one before begins anew: this process or PostgreSQL
   * was away meanwhile, so heartbeats may be missing through no fault of the runners.
   * @returns keys of the runners whose heartbeat has not changed for a whole lease
   */
  observe({ beganAtMilliseconds, endedAtMilliseconds, heartbeats }: Look): number[] {
    if (endedAtMilliseconds - this.#lastEndedAt > this.#leaseMilliseconds / 2) this.forget();
    this.#lastEndedAt = endedAtMilliseconds;
    const before = this.#seen;
    this.#seen = new Map();
    const expired: number[] = [];
    for (const [runnerId, heartbeat] of heartbeats) {
      const earlier = before.get(runnerId);
      const seen =
        earlier?.heartbeat === heartbeat ? earlier : { heartbeat, sinceMilliseconds: endedAtMilliseconds };
      this.#seen.set(runnerId, seen);
      if (beganAtMilliseconds - seen.sinceMilliseconds >= this.#leaseMilliseconds) expired.push(runnerId);
    }
    return expired;
  }

  /** Begins anew: from here every runner has a whole lease. */
  forget(): void {
    this.#seen.clear();
  }
}
