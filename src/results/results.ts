/** Reading the results of a run: pages of rows and the table header. */
import type { Database } from '../database/database.ts';
import { parseJson } from '../json/lossless-json.ts';
import type { ResultHeader, RunReference } from './ingest.ts';

/** The platform's own column: names a row of a run for good. */
export const dataIdKey = '__coreclaw_data_id__';
/** Keys that begin so are the platform's own. */
export const platformKeyPrefix = '__coreclaw_';

export type ResultRow = Record<string, unknown>;

export interface ResultPage {
  readonly count: number;
  readonly headers: ResultHeader[];
  readonly list: ResultRow[];
}

interface RunWithResults extends RunReference {
  readonly slug: string;
  readonly result_count: number;
}

export class Results {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Rows by page, in the order of first arrival. Rows are dense by number, so a deep page costs what a first one does. */
  async page(run: RunWithResults, page: { number: number; size: number }): Promise<ResultPage> {
    const first = (page.number - 1) * page.size;
    const [headers, list] = await Promise.all([this.headers(run), this.rows(run, first, page.size)]);
    return { count: run.result_count, headers, list };
  }

  /** Rows by number, from 0 in the order of first arrival; those that the run had when it was read. */
  async rows(run: RunWithResults, first: number, limit: number): Promise<ResultRow[]> {
    const { rows } = await this.#database.pool.query<{ number: number; data: string }>({
      name: 'result-rows',
      text: `SELECT number, data FROM result_row
             WHERE day = $1 AND run_id = $2 AND number >= $3 AND number < $4 ORDER BY number`,
      values: [run.day, run.id, first, Math.min(first + limit, run.result_count)],
    });
    return rows.map(({ number, data }) => ({
      ...(parseJson(data) as ResultRow),
      [dataIdKey]: dataId(run, number),
    }));
  }

  /**
   * The table header: what the subtasks declared, in first-seen order and the first to name a key wins; else the worker's
   * output schema; else the keys of the rows.
   */
  async headers(run: { id: number }): Promise<ResultHeader[]> {
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
    if (outputSchema) return headersOfSchema(outputSchema);
    return this.#occurring(run);
  }

  /** The table header, and behind it the other keys that occur in the rows. */
  async columns(run: { id: number }): Promise<ResultHeader[]> {
    const [headers, occurring] = await Promise.all([this.headers(run), this.#occurring(run)]);
    return union([headers, occurring]).filter(({ key }) => !key.startsWith(platformKeyPrefix));
  }

  async #occurring(run: { id: number }): Promise<ResultHeader[]> {
    const { rows: columns } = await this.#database.pool.query<{ key: string }>({
      name: 'result-columns',
      text: 'SELECT key FROM result_column WHERE run_id = $1 ORDER BY first_seen',
      values: [run.id],
    });
    return columns.map(({ key }) => ({ key, label: key, format: 'text' }));
  }
}

/** Names a row: its run, and its place from 1. */
function dataId(run: { slug: string }, number: number): string {
  return `${run.slug}-${number + 1}`;
}

/**
 * @param id the `__coreclaw_data_id__` of a row
 * @returns the number of the row after it, or undefined where it names no row of the run
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
