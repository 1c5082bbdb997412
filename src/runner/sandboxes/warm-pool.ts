/**
 * Sandboxes that are opened before their subtasks arrive. An open sandbox cannot change its mounts, so it suits only
 * subtasks with the same ones. The pool therefore opens sandboxes like those that were requested recently.
 */
import { OneAtATime } from '../../services/one-at-a-time.ts';

export interface WarmSandbox {
  /** Whether it can still be used. */
  readonly isAlive: boolean;
  memoryBytes(): Promise<number>;
  /** Ends it and removes its files. */
  discard(): Promise<void>;
}

interface WarmPoolOptions<Shape, Member extends WarmSandbox> {
  /** Maximum number of waiting sandboxes. */
  readonly size: number;
  /** Maximum memory of all waiting sandboxes. */
  readonly memoryLimitBytes: number;
  readonly open: (shape: Shape) => Promise<Member>;
}

interface Demand<Shape> {
  readonly key: string;
  readonly shape: Shape;
}

interface Waiting<Member> {
  readonly key: string;
  readonly member: Member;
}

/** Number of recent requests that the pool considers. */
const recentDemands = 16;
/** Delay that leaves the processors to the worker that just got its sandbox. */
const fillDelayMilliseconds = 100;

export class WarmPool<Shape, Member extends WarmSandbox> {
  readonly #options: WarmPoolOptions<Shape, Member>;
  /** Newest first. */
  #recent: Demand<Shape>[] = [];
  #waiting: Waiting<Member>[] = [];
  /** The most memory that one sandbox has used. */
  #largestBytes = 0;
  /** Keys of sandboxes that were measured. Others of the same shape use as much, and measuring takes milliseconds. */
  readonly #measured = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  readonly #fillings = new OneAtATime(() => this.#fill());
  #isClosing = false;

  constructor(options: WarmPoolOptions<Shape, Member>) {
    this.#options = options;
  }

  /** Number of waiting sandboxes. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Takes a waiting sandbox out of the pool.
   * @param key identifies its shape
   * @returns undefined if no sandbox of this shape is waiting
   */
  take(key: string): Member | undefined {
    const index = this.#waiting.findIndex((waiting) => waiting.key === key && waiting.member.isAlive);
    if (index === -1) return undefined;
    return this.#waiting.splice(index, 1)[0]?.member;
  }

  /** Records a request for a sandbox of this shape, and soon opens similar ones for later requests. */
  expect(key: string, shape: Shape): void {
    this.#recent = [{ key, shape }, ...this.#recent.slice(0, recentDemands - 1)];
    if (this.#isClosing) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#fillings.run();
    }, fillDelayMilliseconds);
    this.#timer.unref();
  }

  /** Ends all waiting sandboxes. Idempotent. Later requests fill the pool again. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#fillings.settled();
    this.#recent = [];
    await Promise.all(this.#waiting.splice(0).map(({ member }) => member.discard()));
    this.#isClosing = false;
  }

  get #capacity(): number {
    const { size, memoryLimitBytes } = this.#options;
    return this.#largestBytes === 0
      ? size
      : Math.min(size, Math.floor(memoryLimitBytes / this.#largestBytes));
  }

  async #fill(): Promise<void> {
    while (!this.#isClosing) {
      const dead = this.#waiting.find(({ member }) => !member.isAlive);
      const shares = this.#shares();
      const missing = this.#recent.find(({ key }) => this.#count(key) < (shares.get(key) ?? 0));
      const isFull = this.#waiting.length >= this.#capacity;
      const surplus =
        this.#waiting.length > this.#capacity || (isFull && missing !== undefined)
          ? this.#waiting.find(({ key }) => this.#count(key) > (shares.get(key) ?? 0))
          : undefined;
      const useless = dead ?? surplus;
      if (useless !== undefined) {
        this.#waiting.splice(this.#waiting.indexOf(useless), 1);
        await useless.member.discard();
      } else if (missing === undefined || isFull || !(await this.#open(missing))) {
        return;
      }
    }
  }

  /** @returns false if it could not be opened; opening one for a subtask will report the reason */
  async #open({ key, shape }: Demand<Shape>): Promise<boolean> {
    try {
      const member = await this.#options.open(shape);
      this.#waiting.push({ key, member });
      if (!this.#measured.has(key)) {
        if (this.#measured.size >= recentDemands) this.#measured.clear();
        this.#measured.add(key);
        this.#largestBytes = Math.max(this.#largestBytes, await member.memoryBytes());
      }
      return true;
    } catch {
      return false;
    }
  }

  #count(key: string): number {
    return this.#waiting.filter((waiting) => waiting.key === key).length;
  }

  /** Target number of sandboxes by key, in proportion to recent requests. Ties favor keys that are already waiting. */
  #shares(): Map<string, number> {
    const demands = new Map<string, number>();
    for (const { key } of this.#recent) demands.set(key, (demands.get(key) ?? 0) + 1);
    const shares = new Map<string, number>();
    const claim = (key: string): number => (demands.get(key) ?? 0) / ((shares.get(key) ?? 0) + 1);
    const here = (key: string): number => this.#count(key) - (shares.get(key) ?? 0);
    for (let seat = 0; seat < this.#capacity && demands.size > 0; seat += 1) {
      const winner = [...demands.keys()].reduce((best, key) =>
        claim(key) > claim(best) || (claim(key) === claim(best) && here(key) > here(best)) ? key : best,
      );
      shares.set(winner, (shares.get(winner) ?? 0) + 1);
    }
    return shares;
  }
}
