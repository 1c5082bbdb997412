/**
 * Finds which of a run's lines or rows match a filter, range by range, within a limit of time a request. What was found is
 * kept in memory, so that the next request goes on where this one ended and a window deep in the matches is a lookup.
 */

const firstCapacity = 1024;
/** Ranges grow while they are looked through quickly, and shrink where lines or rows are big. */
const firstRangeSize = 256;
const smallestRangeSize = 16;
const quickMilliseconds = 30;
const slowMilliseconds = 250;

/** Numbers that match, ascending. */
export interface Matches {
  /** Matches among what was looked at. */
  readonly count: number;
  /** Lines or rows that were looked at, from the first on. */
  readonly searched: number;
  /** Numbers of `limit` matches, from the one at `index` on (from 0). */
  slice(index: number, limit: number): number[];
  /** How many matches are below a number: the index of the first that is not. */
  countBelow(number: number): number;
}

/**
 * Looks at a range.
 * @param after the number before its first
 * @param upTo its last number
 * @returns the numbers that match, ascending, as big-endian 32-bit integers
 */
export type ScanRange = (after: number, upTo: number) => Promise<Buffer>;

/** Matches of one filter as far as it was looked. */
class MatchList implements Matches {
  searched = 0;
  count = 0;
  /** Lines or rows that the next statement looks at. */
  rangeSize = firstRangeSize;
  /** Requests for the same filter take turns. */
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
  /** Most lines or rows that one statement looks at. */
  readonly largestRange: number;
  /** A request begins no further statement after this time. */
  readonly budgetMilliseconds: number;
  readonly memoryBytes: number;
}

export class MatchFinder {
  readonly #largestRange: number;
  readonly #budgetMilliseconds: number;
  readonly #memoryBytes: number;
  /** By filter, the one used last at the end. */
  readonly #lists = new Map<string, MatchList>();

  constructor(limits: MatchFinderLimits) {
    this.#largestRange = limits.largestRange;
    this.#budgetMilliseconds = limits.budgetMilliseconds;
    this.#memoryBytes = limits.memoryBytes;
  }

  /**
   * The matches so far, after looking on for as long as the limit of time allows, one range at least.
   * @param filter says what is looked for and where; the same text has to mean the same matches
   * @param total numbers there are now, from 1
   */
  async find(filter: string, total: number, scan: ScanRange): Promise<Matches> {
    const list = this.#lists.get(filter) ?? new MatchList();
    this.#lists.delete(filter);
    this.#lists.set(filter, list);
    const looked = list.turn.then(() => this.#lookOn(list, total, scan));
    list.turn = looked.catch(() => undefined);
    await looked;
    this.#forgetBeyondMemory();
    return list;
  }

  async #lookOn(list: MatchList, total: number, scan: ScanRange): Promise<void> {
    const end = performance.now() + this.#budgetMilliseconds;
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

  /** Forgets what was used longest ago; what is used now stays, however big. */
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
