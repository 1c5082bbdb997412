/** How many browsers there are at a time, of one subtask and of the whole runner; who comes beyond that waits in a queue. */

interface Waiting {
  readonly owner: object;
  readonly take: (place: number) => void;
}

export interface PlaceLimits {
  /** Of the runner. */
  readonly total: number;
  /** Of one subtask. */
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
   * Waits for a place. Those of one owner are served in the order in which they came.
   * @param owner the subtask
   * @param signal gives up
   * @returns the number of the place, from zero; nobody else has it until it is given back
   */
  async take(owner: object, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiting: Waiting = { owner, take: resolve };
    const giveUp = (): void => {
      this.#queue.delete(waiting);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp);
    this.#queue.add(waiting);
    this.#serve();
    return promise.finally(() => signal.removeEventListener('abort', giveUp));
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
