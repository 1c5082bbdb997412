/**
 * Decides which runners are lost, by how long the observer has seen the same heartbeat, on its own monotonic clock.
 * Timestamps in heartbeats are never compared with a clock: clocks may jump, and a machine or PostgreSQL may pause for
 * longer than a lease without any runner being at fault.
 */

interface Seen {
  readonly heartbeat: string;
  /** When this heartbeat was first observed, on the monotonic clock. */
  readonly sinceMilliseconds: number;
}

/** The result of reading the heartbeats, with its times on the monotonic clock. */
export interface Observation {
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
   * Processes the next observation. If it comes more than half a lease after the previous one, observation starts over:
   * this process or PostgreSQL was paused, so heartbeats may be missing through no fault of the runners.
   * @returns keys of the runners whose heartbeat has not changed for a whole lease
   */
  observe({ beganAtMilliseconds, endedAtMilliseconds, heartbeats }: Observation): number[] {
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

  /** Starts over: every runner has a whole lease from now on. */
  forget(): void {
    this.#seen.clear();
  }
}
