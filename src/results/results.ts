/** Reads the results of a run: pages of rows and the table header. */
import { type Database, MatchFinder, containing, containingInJson } from '../database/database.ts';
import { parseJson } from '../json/lossless-json.ts';
import type { RunReference } from '../runs/runs.ts';
import { columnLimit } from './column-register.ts';
import type { ResultHeader } from './ingest.ts';
import { cutKey, dataIdKey, platformKeyPrefix, type ResultRow } from './result-row.ts';
import { shortenedRow } from './shortened-row.ts';

export { type PushedRun, ResultIngest } from './ingest.ts';
export { missingColumnsMessage } from './column-register.ts';
export { parseRow } from './row.ts';

export interface ResultPage {
  readonly count: number;
  readonly headers: ResultHeader[];
  readonly list: ResultRow[];
}

interface RunWithResults extends RunReference {
  readonly slug: string;
  readonly result_count: number;
}

/** Progress of a search, and a page of matching rows. */
export interface FoundRows {
  /** Number of matching rows so far. */
  readonly count: number;
  /** Number of rows searched so far. */
  readonly searched: number;
  readonly list: ResultRow[];
}

/**
 * Rows that contain the words in a value; keys do not count. $5 is a pattern for plain text, $6 has patterns for JSON
 * text. PostgreSQL refuses to decode some escapes (U+0000, lone surrogates), so rows that contain those are matched as
 * text.
 */
const rowsWithWords = `
  SELECT string_agg(int4send(number::int4), ''::bytea) AS numbers FROM (
    SELECT number + 1 AS number FROM result_row
    WHERE day = $1 AND run_id = $2 AND number >= $3 AND number < $4 AND data::text ILIKE ANY ($6::text[])
      AND CASE WHEN data::text ~* '\\\\u(0000|d[89a-f])' THEN true
          ELSE EXISTS (SELECT FROM json_each_text(data) AS member (key, value)
                       WHERE value ILIKE ANY (array_append($6::text[], $5))) END
    ORDER BY number
  ) AS found`;

export class Results {
  readonly #database: Database;
  /** Per request, a few statements of about 20 ms. */
  readonly #finder = new MatchFinder({
    largestRange: 10_000,
    budgetMilliseconds: 60,
    memoryBytes: 32 * 1024 * 1024,
  });

  constructor(database: Database) {
    this.#database = database;
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
  async rows(run: RunWithResults, first: number, limit: number, textLimit?: number): Promise<ResultRow[]> {
    const end = Math.min(first + limit, run.result_count);
    if (textLimit !== undefined) {
      const numbers = Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
      return this.#shortened(run, numbers, textLimit);
    }
    const { rows } = await this.#database.pool.query<StoredRow>({
      name: 'result-rows',
      text: `SELECT number, data FROM result_row
             WHERE day = $1 AND run_id = $2 AND number >= $3 AND number < $4 ORDER BY number`,
      values: [run.day, run.id, first, end],
    });
    return rows.map((row) => shownRow(run, row));
  }

  /**
   * A page of the rows that contain the words in a value, ignoring case. Each request continues the search for a moment;
   * it is complete once `searched` equals the number of rows. A row that an upsert changes after it was searched is found
   * once the run has ended.
   * @param options.isFinal whether the rows can no longer change
   * @param options.textLimit cuts longer texts
   */
  async search(
    run: RunWithResults,
    words: string,
    page: { number: number; size: number },
    { isFinal, textLimit }: { isFinal: boolean; textLimit: number | undefined },
  ): Promise<FoundRows> {
    const patterns = [containing(words), containingInJson(words)];
    const matches = await this.#finder.find(
      JSON.stringify([run.id, isFinal, words.toLowerCase()]),
      run.result_count,
      async (after, upTo) => {
        const { rows } = await this.#database.pool.query<{ numbers: Buffer | null }>({
          name: 'rows-with-words',
          text: rowsWithWords,
          values: [run.day, run.id, after, upTo, ...patterns],
        });
        return rows[0]?.numbers ?? Buffer.alloc(0);
      },
    );
    const numbers = matches.slice((page.number - 1) * page.size, page.size).map((place) => place - 1);
    const list =
      textLimit === undefined
        ? await this.#numbered(run, numbers)
        : await this.#shortened(run, numbers, textLimit);
    return { count: matches.count, searched: Math.min(matches.searched, run.result_count), list };
  }

  async #numbered(run: RunWithResults, numbers: readonly number[]): Promise<ResultRow[]> {
    const { rows } = await this.#database.pool.query<StoredRow>({
      name: 'result-rows-by-number',
      text: `SELECT number, data FROM result_row
             WHERE day = $1 AND run_id = $2 AND number = ANY ($3::bigint[]) ORDER BY number`,
      values: [run.day, run.id, numbers],
    });
    return rows.map((row) => shownRow(run, row));
  }

  /** Reads large rows one at a time, so that only one of them is in memory. */
  async #shortened(run: RunWithResults, numbers: readonly number[], textLimit: number): Promise<ResultRow[]> {
    const { rows } = await this.#database.pool.query<{ number: number; data: string | null }>({
      name: 'small-result-rows-by-number',
      text: `SELECT number, CASE WHEN pg_column_size(data) <= $4 THEN data END AS data FROM result_row
             WHERE day = $1 AND run_id = $2 AND number = ANY ($3::bigint[]) ORDER BY number`,
      values: [run.day, run.id, numbers, smallRowBytes],
    });
    const list: ResultRow[] = [];
    for (const { number, data } of rows) {
      const whole = data === null ? await this.#numbered(run, [number]) : [shownRow(run, { number, data })];
      list.push(...whole.map((row) => shortenedRow(row, textLimit)));
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

/** Stored size of rows that are read together. */
const smallRowBytes = 64 * 1024;

interface StoredRow {
  readonly number: number;
  readonly data: string;
}

function shownRow(run: { slug: string }, { number, data }: StoredRow): ResultRow {
  return { ...(parseJson(data) as Record<string, unknown>), [dataIdKey]: dataId(run, number) };
}

/** The rows with only these columns, in this order, and their ids; unchanged if no columns are chosen. */
export function chosenColumns(rows: ResultRow[], keys: readonly string[] | undefined): ResultRow[] {
  if (keys === undefined) return rows;
  return rows.map((row) => {
    const kept = keys.filter((key) => Object.hasOwn(row, key));
    const cut = row[cutKey] === undefined ? {} : { [cutKey]: row[cutKey] };
    return { ...Object.fromEntries(kept.map((key) => [key, row[key]])), [dataIdKey]: row[dataIdKey], ...cut };
  });
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
