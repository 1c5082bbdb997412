/** Limits the number of open browsers, per subtask and per runner. Further requests wait in a queue. */

interface Waiting {
  readonly owner: object;
  readonly take: (place: number) => void;
}

export interface PlaceLimits {
  /** Maximum for the runner. */
  readonly total: number;
  /** Maximum for each subtask. */
  readonly each: number;
}

export class BrowserPlaces {
  readonly #limits: PlaceLimits;
  readonly #free: number[];
  readonly #owners = new Map<number, object>();
  readonly #queue = new Set<Waiting>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
    this.#free = Array.from({ length: limits.total }, (_, place) => place).toReversed();
  }

  /**
   * Waits for a place. Requests of one owner are served in order.
   * @param owner the subtask
   * @param signal cancels the wait
   * @returns number of the place, 0-based; no other browser has it until it is given back
   */
  async take(owner: object, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiting: Waiting = { owner, take: resolve };
    const onAbort = (): void => {
      this.#queue.delete(waiting);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    this.#queue.add(waiting);
    this.#serve();
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  giveBack(place: number): void {
    if (this.#owners.delete(place)) this.#free.push(place);
    this.#serve();
  }

  #serve(): void {
    for (const waiting of this.#queue) {
      const { owner, take } = waiting;
      const taken = [...this.#owners.values()].filter((other) => other === owner).length;
      if (taken >= this.#limits.each) continue;
      const place = this.#free.pop();
      if (place === undefined) return;
      this.#queue.delete(waiting);
      this.#owners.set(place, owner);
      take(place);
    }
  }
}
