/**
 * Collects items while a commit is in progress and passes them to the next one. There is no timer and only one commit
 * at a time: under load a commit carries many items, and an idle system stores an item at once.
 */
interface Waiting<Item> {
  readonly item: Item;
  readonly sizeBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface GroupCommitOptions<Item> {
  /** Stores the items in order, in one transaction. If it rejects, none of them is stored. */
  readonly commit: (items: Item[]) => Promise<void>;
  readonly sizeBytes: (item: Item) => number;
  readonly maximumItems?: number;
  readonly maximumBytes?: number;
}

export class GroupCommit<Item> {
  readonly #options: GroupCommitOptions<Item>;
  readonly #maximumItems: number;
  readonly #maximumBytes: number;
  #waiting: Waiting<Item>[] = [];
  #underWay: Promise<void> | undefined;

  constructor(options: GroupCommitOptions<Item>) {
    this.#options = options;
    this.#maximumItems = options.maximumItems ?? 1000;
    this.#maximumBytes = options.maximumBytes ?? 8 * 1024 * 1024;
  }

  /** Resolves once the item is stored; rejects if its commit failed. */
  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, sizeBytes: this.#options.sizeBytes(item), resolve, reject });
      this.#underWay ??= this.#commitAll();
    });
  }

  /** Resolves once all items added before have been committed or have failed. */
  async settled(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay;
  }

  async #commitAll(): Promise<void> {
    // Items added in the same turn of the event loop join the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#options.commit(batch.map((waiting) => waiting.item));
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#underWay = undefined;
  }

  #takeBatch(): Waiting<Item>[] {
    let count = 0;
    let sizeBytes = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && (count >= this.#maximumItems || sizeBytes + waiting.sizeBytes > this.#maximumBytes))
        break;
      count += 1;
      sizeBytes += waiting.sizeBytes;
    }
    return this.#waiting.splice(0, count);
  }
}
