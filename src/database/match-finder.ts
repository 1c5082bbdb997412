/**
 * Finds which of a run's lines or rows match a filter, range by range, within a time limit per request. Results are
 * cached in memory, so that the next request continues the search, and windows deep in the matches are lookups.
 */

const firstCapacity = 1024;
/** Ranges grow while scans are fast, and shrink if lines or rows are large. */
const firstRangeSize = 256;
const smallestRangeSize = 16;
const quickMilliseconds = 30;
const slowMilliseconds = 250;

/** Numbers of matching lines or rows, ascending. */
export interface Matches {
  /** Number of matches so far. */
  readonly count: number;
  /** Number of lines or rows searched so far, from the first on. */
  readonly searched: number;
  /** The numbers of `limit` matches, starting at `index` (0-based). */
  slice(index: number, limit: number): number[];
  /** How many matches come before a number, which is the index of the first one that does not. */
  countBelow(number: number): number;
}

/**
 * Searches a range.
 * @param after the number before the first one
 * @param upTo the last number
 * @returns matching numbers, ascending, as big-endian 32-bit integers
 */
export type ScanRange = (after: number, upTo: number) => Promise<Buffer>;

/** The matches of one filter, as far as the search has got. */
class MatchList implements Matches {
  searched = 0;
  count = 0;
  /** Number of lines or rows that the next statement searches. */
  rangeSize = firstRangeSize;
  /** Requests for the same filter run one after the other. */
  turn: Promise<unknown> = Promise.resolve();
  #numbers = new Int32Array(firstCapacity);

  get sizeBytes(): number {
    return this.#numbers.byteLength;
  }

  add(bytes: Buffer, searched: number): void {
    const added = bytes.length / Int32Array.BYTES_PER_ELEMENT;
    if (this.count + added > this.#numbers.length) {
      const grown = new Int32Array(Math.max(this.count + added, this.#numbers.length * 2));
      grown.set(this.#numbers.subarray(0, this.count));
      this.#numbers = grown;
    }
    for (let index = 0; index < added; index += 1) {
      this.#numbers[this.count + index] = bytes.readInt32BE(index * Int32Array.BYTES_PER_ELEMENT);
    }
    this.count += added;
    this.searched = searched;
  }

  slice(index: number, limit: number): number[] {
    return [...this.#numbers.subarray(index, Math.min(index + limit, this.count))];
  }

  countBelow(number: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface MatchFinderLimits {
  /** Maximum number of lines or rows per statement. */
  readonly largestRange: number;
  /** After this time a request starts no further statement. */
  readonly budgetMilliseconds: number;
  readonly memoryBytes: number;
}

export class MatchFinder {
  readonly #largestRange: number;
  readonly #budgetMilliseconds: number;
  readonly #memoryBytes: number;
  /** By filter, least recently used first. */
  readonly #lists = new Map<string, MatchList>();

  constructor(limits: MatchFinderLimits) {
    this.#largestRange = limits.largestRange;
    this.#budgetMilliseconds = limits.budgetMilliseconds;
    this.#memoryBytes = limits.memoryBytes;
  }

  /**
   * Continues the search until the time limit, by at least one range, and returns the matches so far.
   * @param filter cache key: the same text must always mean the same matches
   * @param total current number of lines or rows
   * @param budgetMilliseconds of this request, if it differs from the usual limit
   */
  async find(
    filter: string,
    total: number,
    scan: ScanRange,
    budgetMilliseconds = this.#budgetMilliseconds,
  ): Promise<Matches> {
    const list = this.#lists.get(filter) ?? new MatchList();
    this.#lists.delete(filter);
    this.#lists.set(filter, list);
    const looked = list.turn.then(() => this.#continueSearch(list, total, scan, budgetMilliseconds));
    list.turn = looked.catch(() => undefined);
    await looked;
    this.#forgetBeyondMemory();
    return list;
  }

  async #continueSearch(
    list: MatchList,
    total: number,
    scan: ScanRange,
    budgetMilliseconds: number,
  ): Promise<void> {
    const end = performance.now() + budgetMilliseconds;
    while (list.searched < total) {
      const upTo = Math.min(list.searched + list.rangeSize, total);
      const begin = performance.now();
      list.add(await scan(list.searched, upTo), upTo);
      const now = performance.now();
      list.rangeSize = this.#nextRange(list.rangeSize, now - begin);
      if (now > end) return;
    }
  }

  #nextRange(size: number, milliseconds: number): number {
    if (milliseconds < quickMilliseconds) return Math.min(size * 2, this.#largestRange);
    return milliseconds > slowMilliseconds ? Math.max(Math.floor(size / 2), smallestRangeSize) : size;
  }

  /** Evicts the least recently used lists; the one in use stays, however big it is. */
  #forgetBeyondMemory(): void {
    let sizeBytes = 0;
    for (const list of this.#lists.values()) sizeBytes += list.sizeBytes;
    for (const [filter, list] of this.#lists) {
      if (sizeBytes <= this.#memoryBytes || this.#lists.size === 1) return;
      this.#lists.delete(filter);
      sizeBytes -= list.sizeBytes;
    }
  }
}
