/**
 * Finds and sorts the rows of runs that requests select. Rows are searched range by range within the time of the request,
 * and sorted by one statement with a time limit. Both are remembered as row numbers, so that further pages are lookups.
 */
import { type Database, isDatabaseError, MatchFinder, type Matches } from '../database/database.ts';
import { invalidArgument } from '../errors.ts';
import type { RunReference } from '../runs/runs.ts';
import { Slots } from '../services/slots.ts';
import { isNarrowed, type RowSelection } from './row-selection.ts';
import { matchingRows, orderedRows, readNumbers } from './selection-sql.ts';

/** One statement searches about 20 ms. */
const searchLimits = { largestRange: 10_000, budgetMilliseconds: 60, memoryBytes: 32 * 1024 * 1024 };
/** Twelve million rows. */
const orderMemoryBytes = 48 * 1024 * 1024;
/** What an order takes besides its numbers. */
const keptBytes = 1024;
/** Sorts and long searches; more wait. */
const longAtOnce = 2;
const sortSeconds = 50;
/** Rows of a live run are sorted again after this time, or after ten times as long as sorting took. */
const freshMilliseconds = 2000;
const restFactor = 10;

const queryCanceled = '57014';

/** The numbers of a page of selected rows, from 0, and how far the search has got. */
export interface FoundNumbers {
  /** Number of selected rows among those searched. */
  readonly count: number;
  /** Number of rows searched so far. If rows are sorted, the page is empty until all were searched. */
  readonly searched: number;
  readonly numbers: readonly number[];
  /** Index of a row among the selected ones found so far; -1 if it is not among them. @param number from 0 */
  readonly indexOf: (number: number) => number;
}

export interface FinderRequest {
  readonly run: RunReference & { readonly result_count: number };
  /** Whether the rows can no longer change. */
  readonly isFinal: boolean;
  readonly selection: RowSelection;
  readonly page: { readonly number: number; readonly size: number };
  /** Maximum time to search, if it is not the usual one. */
  readonly budgetMilliseconds?: number | undefined;
}

interface Order {
  readonly numbers: Int32Array;
  /** Number of rows that were searched. */
  readonly searched: number;
  readonly madeAt: number;
  readonly milliseconds: number;
}

export class RowFinder {
  readonly #database: Database;
  readonly #finder = new MatchFinder(searchLimits);
  readonly #slots = new Slots(longAtOnce);
  /** By run, selection and state of the run; least recently used first. */
  readonly #orders = new Map<string, Promise<Order>>();
  /** The sizes of the orders that are ready. */
  readonly #orderBytes = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws ChelaError if sorting takes too long */
  async find(request: FinderRequest): Promise<FoundNumbers> {
    const { run, selection, page } = request;
    const first = (page.number - 1) * page.size;
    if (selection.order === undefined) {
      if (!isNarrowed(selection)) {
        const end = Math.min(first + page.size, run.result_count);
        const numbers = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
        return {
          count: run.result_count,
          searched: run.result_count,
          numbers,
          indexOf: (number) => (number < run.result_count ? number : -1),
        };
      }
      const matches = await this.#matches(request);
      const numbers = matches.slice(first, page.size).map((place) => place - 1);
      return {
        count: matches.count,
        searched: Math.min(matches.searched, run.result_count),
        numbers,
        indexOf: (number) => {
          const index = matches.countBelow(number + 1);
          return matches.slice(index, 1)[0] === number + 1 ? index : -1;
        },
      };
    }
    const remembered = await this.#remembered(request);
    if (remembered !== undefined) return pageOf(remembered, first, page.size);
    if (!isNarrowed(selection)) return pageOf(await this.#sort(request, undefined), first, page.size);
    const matches = await this.#matches(request);
    if (matches.searched < run.result_count)
      return { count: matches.count, searched: matches.searched, numbers: [], indexOf: () => -1 };
    const rows = matches.slice(0, matches.count).map((place) => place - 1);
    return pageOf(await this.#sort(request, rows), first, page.size);
  }

  #matches(request: FinderRequest): Promise<Matches> {
    if (request.budgetMilliseconds === undefined) return this.#search(request);
    return this.#slots.use(() => this.#search(request));
  }

  #search({ run, isFinal, selection, budgetMilliseconds }: FinderRequest): Promise<Matches> {
    const { words, filters } = selection;
    return this.#finder.find(
      JSON.stringify([run.id, isFinal, words.toLowerCase(), filters]),
      run.result_count,
      async (after, upTo) => {
        const { text, values } = matchingRows(run, selection, { from: after, before: upTo });
        const { rows } = await this.#database.pool.query<{ numbers: Buffer | null }>(text, [...values]);
        return rows[0]?.numbers ?? Buffer.alloc(0);
      },
      budgetMilliseconds,
    );
  }

  /** An order made before that still holds. */
  async #remembered(request: FinderRequest): Promise<Order | undefined> {
    const key = orderKey(request);
    const made = this.#orders.get(key);
    if (made === undefined) return undefined;
    const order = await made;
    const isFresh =
      performance.now() - order.madeAt < Math.max(freshMilliseconds, restFactor * order.milliseconds);
    if (!request.isFinal && !isFresh) return undefined;
    if (this.#orders.get(key) === made) {
      this.#orders.delete(key);
      this.#orders.set(key, made);
    }
    return order;
  }

  /** @param rows to sort, from 0; all if undefined */
  async #sort(request: FinderRequest, rows: readonly number[] | undefined): Promise<Order> {
    const key = orderKey(request);
    const made = this.#slots.use(() => this.#sorted(request, rows));
    this.#orders.delete(key);
    this.#orders.set(key, made);
    try {
      const order = await made;
      if (this.#orders.get(key) === made) this.#orderBytes.set(key, order.numbers.byteLength + keptBytes);
      this.#forgetBeyondMemory();
      return order;
    } catch (error) {
      if (this.#orders.get(key) === made) this.#orders.delete(key);
      throw error;
    }
  }

  async #sorted({ run, selection }: FinderRequest, rows: readonly number[] | undefined): Promise<Order> {
    const begin = performance.now();
    const { text, values } = orderedRows(run, selection, run.result_count, rows);
    try {
      const numbers = await this.#database.transaction(async (client) => {
        await client.query(`SET LOCAL statement_timeout = '${sortSeconds}s'`);
        await client.query("SET LOCAL work_mem = '64MB'");
        const { rows: found } = await client.query<{ numbers: Buffer | null }>(text, [...values]);
        return readNumbers(found[0]?.numbers ?? null);
      });
      const madeAt = performance.now();
      return { numbers, searched: run.result_count, madeAt, milliseconds: madeAt - begin };
    } catch (error) {
      if (!isDatabaseError(error) || (error as { code?: string }).code !== queryCanceled) throw error;
      throw invalidArgument(
        `sorting ${(rows?.length ?? run.result_count).toLocaleString('en')} rows takes longer than ${sortSeconds} seconds, the limit: filter them first, or export them sorted`,
      );
    }
  }

  #forgetBeyondMemory(): void {
    let sizeBytes = 0;
    for (const key of this.#orderBytes.keys()) if (!this.#orders.has(key)) this.#orderBytes.delete(key);
    for (const bytes of this.#orderBytes.values()) sizeBytes += bytes;
    for (const key of this.#orders.keys()) {
      if (sizeBytes <= orderMemoryBytes || this.#orders.size === 1) return;
      sizeBytes -= this.#orderBytes.get(key) ?? 0;
      this.#orders.delete(key);
      this.#orderBytes.delete(key);
    }
  }
}

function orderKey({ run, isFinal, selection: { words, filters, order } }: FinderRequest): string {
  return JSON.stringify([run.id, isFinal, words.toLowerCase(), filters, order]);
}

function pageOf({ numbers, searched }: Order, first: number, size: number): FoundNumbers {
  return {
    count: numbers.length,
    searched,
    numbers: [...numbers.subarray(first, first + size)],
    indexOf: (number) => numbers.indexOf(number),
  };
}
