/** Reads the results of a run: pages of rows and the table header. */
import type { Database } from '../database/database.ts';
import { parseJson } from '../json/lossless-json.ts';
import type { RunReference } from '../runs/runs.ts';
import { columnLimit } from './column-register.ts';
import { changedColumns, comparePairs, type Comparison } from './comparison.ts';
import type { ResultHeader } from './ingest.ts';
import { cutKey, dataIdKey, platformKeyPrefix, type ResultRow } from './result-row.ts';
import { changedRow, LargeRow, type ListedRow } from './listed-row.ts';
import { RowFinder } from './row-finder.ts';
import type { RowChange } from './row-changes.ts';
import type { RowSelection } from './row-selection.ts';
import { shortenedRow } from './shortened-row.ts';

export { type PushedRun, ResultIngest } from './ingest.ts';
export { missingColumnsMessage } from './column-register.ts';
export { LargeRow, type ListedRow } from './listed-row.ts';
export type { ResultRow } from './result-row.ts';
export { comparedRowLimit } from './comparison.ts';
export { parseRow } from './row.ts';

export interface ResultPage {
  readonly count: number;
  readonly headers: ResultHeader[];
  readonly list: ListedRow[];
}

interface RunWithResults extends RunReference {
  readonly slug: string;
  readonly result_count: number;
}

/** Progress of a search, and a page of selected rows. */
export interface FoundRows {
  /** Number of selected rows so far. */
  readonly count: number;
  /** Number of rows searched so far. */
  readonly searched: number;
  readonly list: ListedRow[];
  /** Place of the wanted row among the selected ones, from 1; undefined if it is not among those found so far. */
  readonly place: number | undefined;
}

/** Two rows with the same value in the column, or one that only one of the runs has. */
export interface ComparedRows {
  readonly change: RowChange;
  readonly row: ResultRow | undefined;
  readonly otherRow: ResultRow | undefined;
  /** Keys in which the two rows differ. */
  readonly changedColumns: readonly string[];
}

export interface RunComparison extends Omit<Comparison, 'pairs'> {
  readonly list: readonly ComparedRows[];
}

/** Longer texts of compared rows are cut. */
const comparedTextLimit = 2000;

export class Results {
  readonly #database: Database;
  readonly #finder: RowFinder;

  constructor(database: Database) {
    this.#database = database;
    this.#finder = new RowFinder(database);
  }

  /** A page of rows in the order of first arrival. Row numbers are dense, so deep pages cost no more than the first. */
  async page(
    run: RunWithResults,
    page: { number: number; size: number },
    textLimit?: number,
  ): Promise<ResultPage> {
    const first = (page.number - 1) * page.size;
    const [headers, list] = await Promise.all([
      this.headers(run),
      this.rows(run, first, page.size, textLimit),
    ]);
    return { count: run.result_count, headers, list };
  }

  /**
   * Rows by number (0-based, in the order of first arrival), limited to those that the run had when it was read.
   * @param textLimit cuts longer texts
   */
  async rows(run: RunWithResults, first: number, limit: number, textLimit?: number): Promise<ListedRow[]> {
    const end = Math.min(first + limit, run.result_count);
    const numbers = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
    return textLimit === undefined ? this.#listed(run, numbers) : this.#shortened(run, numbers, textLimit);
  }

  /**
   * A page of the selected rows in the selected order. Each request continues the search; it is complete once `searched`
   * equals the number of rows. Sorted rows are returned only then. A row that an upsert changes after it was searched is
   * found once the run has ended.
   * @param options.isFinal whether the rows can no longer change
   * @param options.textLimit cuts longer texts
   * @param options.budgetMilliseconds maximum time to search; a moment if undefined
   * @throws ChelaError if sorting takes too long
   */
  async select(
    run: RunWithResults,
    selection: RowSelection,
    page: { number: number; size: number },
    options: {
      isFinal: boolean;
      textLimit: number | undefined;
      budgetMilliseconds?: number;
      placeOf?: number | undefined;
    },
  ): Promise<FoundRows> {
    const { isFinal, textLimit, budgetMilliseconds, placeOf } = options;
    const found = await this.#finder.find({ run, isFinal, selection, page, budgetMilliseconds });
    const { count, searched, numbers } = found;
    const rows =
      textLimit === undefined
        ? await this.#listed(run, numbers)
        : await this.#shortened(run, numbers, textLimit);
    const index = placeOf === undefined ? -1 : found.indexOf(placeOf - 1);
    return { count, searched, list: rows, place: index === -1 ? undefined : index + 1 };
  }

  /**
   * Compares the rows of a run with those of another by the value of a column.
   * @param page of the pairs with one of these changes; its rows are shortened
   * @throws ChelaError if it takes too long
   */
  async compare(
    run: RunWithResults,
    other: RunWithResults,
    key: string,
    page: { changes: readonly RowChange[]; number: number; size: number },
  ): Promise<RunComparison> {
    const { pairs, ...figures } = await comparePairs(this.#database, [run, other], key, page);
    const numbersOf = (side: 'ours' | 'theirs'): number[] => pairs.flatMap((pair) => pair[side] ?? []);
    const [rows, otherRows] = [
      await this.#byNumber(run, numbersOf('ours')),
      await this.#byNumber(other, numbersOf('theirs')),
    ];
    const list = pairs.map(({ change, ours, theirs }) => {
      const row = ours === null ? undefined : rows.get(ours);
      const otherRow = theirs === null ? undefined : otherRows.get(theirs);
      const isChanged = change === 'changed' && row !== undefined && otherRow !== undefined;
      return { change, row, otherRow, changedColumns: isChanged ? changedColumns(row, otherRow) : [] };
    });
    return { ...figures, list };
  }

  async #byNumber(run: RunWithResults, numbers: readonly number[]): Promise<Map<number, ResultRow>> {
    const rows = await this.#shortened(run, numbers, comparedTextLimit);
    return new Map(rows.map((row) => [Number(row[dataIdKey].split('-')[1]) - 1, row]));
  }

  /** Rows in the order of their numbers in the list. Large ones are only read when needed. */
  async #listed(run: RunWithResults, numbers: readonly number[]): Promise<ListedRow[]> {
    const { rows } = await this.#database.pool.query<StoredRow<string | null>>({
      name: 'result-rows-by-number',
      text: `SELECT number, CASE WHEN pg_column_size(data) <= $4 THEN data END AS data FROM result_row
             WHERE day = $1 AND run_id = $2 AND number = ANY ($3::bigint[])`,
      values: [run.day, run.id, numbers, smallRowBytes],
    });
    const list = rows.map(({ number, data }) => ({
      number,
      row: data === null ? new LargeRow(() => this.#whole(run, number)) : shownRow(run, { number, data }),
    }));
    return inOrder(numbers, list);
  }

  async #whole(run: RunWithResults, number: number): Promise<ResultRow | undefined> {
    const { rows } = await this.#database.pool.query<StoredRow>({
      name: 'result-row',
      text: 'SELECT number, data FROM result_row WHERE day = $1 AND run_id = $2 AND number = $3',
      values: [run.day, run.id, number],
    });
    return rows[0] && shownRow(run, rows[0]);
  }

  /** Reads large rows one at a time, so that only one of them is in memory. */
  async #shortened(run: RunWithResults, numbers: readonly number[], textLimit: number): Promise<ResultRow[]> {
    const list: ResultRow[] = [];
    for (const listed of await this.#listed(run, numbers)) {
      const row = listed instanceof LargeRow ? await listed.load() : listed;
      if (row !== undefined) list.push(shortenedRow(row, textLimit));
    }
    return list;
  }

  /** The columns of a run, in the order of `columns`. */
  async headers(run: { id: number }): Promise<ResultHeader[]> {
    return (await this.columns(run)).headers;
  }

  /**
   * The columns of a run, the same everywhere: first the declared ones, then the other keys of its rows in the order of
   * first arrival. The subtasks declare columns, in first-seen order, where the first declaration of a key wins;
   * otherwise the worker's output schema does.
   */
  async columns(run: { id: number }): Promise<ResultColumns> {
    const [declared, occurring] = await Promise.all([this.#declared(run), this.#occurring(run)]);
    const headers = union([declared, occurring.slice(0, columnLimit)]).filter(
      ({ key }) => !key.startsWith(platformKeyPrefix),
    );
    return { headers, isComplete: occurring.length <= columnLimit };
  }

  async #declared(run: { id: number }): Promise<ResultHeader[]> {
    const { rows: declared } = await this.#database.pool.query<{ headers: string }>({
      name: 'declared-headers',
      text: 'SELECT headers FROM result_header WHERE run_id = $1 GROUP BY headers ORDER BY min(first_seen)',
      values: [run.id],
    });
    if (declared.length > 0)
      return union(declared.map(({ headers }) => JSON.parse(headers) as ResultHeader[]));
    const { rows: versions } = await this.#database.pool.query<{ output_schema: string | null }>({
      name: 'output-schema-of-run',
      text: `SELECT output_schema FROM run JOIN worker_version ON worker_version.id = run.worker_version_id
             WHERE run.id = $1`,
      values: [run.id],
    });
    const outputSchema = versions[0]?.output_schema;
    return outputSchema ? headersOfSchema(outputSchema) : [];
  }

  /** The keys of the rows, as recorded when they arrived: the rows are not read. */
  async #occurring(run: { id: number }): Promise<ResultHeader[]> {
    const { rows: columns } = await this.#database.pool.query<{ key: string }>({
      name: 'result-columns',
      text: 'SELECT key FROM result_column WHERE run_id = $1 ORDER BY first_seen LIMIT $2',
      values: [run.id, columnLimit + 1],
    });
    return columns.map(({ key }) => ({ key, label: key, format: 'text' }));
  }
}

/** The columns of a run. */
export interface ResultColumns {
  readonly headers: ResultHeader[];
  /** Whether they are all columns; if not, the rows have more keys than the limit. */
  readonly isComplete: boolean;
}

/** Stored size of rows that are read together. PostgreSQL may have compressed them by a factor of up to 100. */
const smallRowBytes = 16 * 1024;

interface StoredRow<Data = string> {
  readonly number: number;
  readonly data: Data;
}

/** Sorts rows by the place of their number in the list. */
function inOrder<Row>(numbers: readonly number[], rows: readonly { number: number; row: Row }[]): Row[] {
  const byNumber = new Map(rows.map(({ number, row }) => [number, row]));
  return numbers.flatMap((number) => byNumber.get(number) ?? []);
}

function shownRow(run: { slug: string }, { number, data }: StoredRow): ResultRow {
  return { ...(parseJson(data) as Record<string, unknown>), [dataIdKey]: dataId(run, number) };
}

/** The rows with only these columns, in this order, and their ids; unchanged if no columns are chosen. */
export function chosenColumns(rows: ListedRow[], keys: readonly string[] | undefined): ListedRow[] {
  if (keys === undefined) return rows;
  const choose = (row: ResultRow): ResultRow => {
    const kept = keys.filter((key) => Object.hasOwn(row, key));
    const cut = row[cutKey] === undefined ? {} : { [cutKey]: row[cutKey] };
    return { ...Object.fromEntries(kept.map((key) => [key, row[key]])), [dataIdKey]: row[dataIdKey], ...cut };
  };
  return rows.map((row) => changedRow(row, choose));
}

/** Id of a row: its run, and its number from 1. */
function dataId(run: { slug: string }, number: number): string {
  return `${run.slug}-${number + 1}`;
}

/**
 * @param id the `__coreclaw_data_id__` of a row
 * @returns the number of the next row, or undefined if the id is not of a row in this run
 */
export function numberAfter(run: { slug: string }, id: string): number | undefined {
  const [slug, place = ''] = id.split('-');
  return slug === run.slug && /^[1-9]\d{0,14}$/.test(place) ? Number(place) : undefined;
}

function union(parts: readonly ResultHeader[][]): ResultHeader[] {
  const headers = new Map<string, ResultHeader>();
  for (const header of parts.flat()) if (!headers.has(header.key)) headers.set(header.key, header);
  return [...headers.values()];
}

function headersOfSchema(text: string): ResultHeader[] {
  const columns = JSON.parse(text) as { name: string; type: string; description?: string }[];
  return columns.map(({ name, type, description }) => ({
    key: name,
    label: description || name,
    format: type,
  }));
}
