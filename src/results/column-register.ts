/** Records the keys that occur in the rows of a run, for the table header. */
import { createHash } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { keyLengthLimit, type ParsedRow } from './row.ts';

/**
 * Maximum number of undeclared columns of a run. It is far above what workers need, and keeps a worker with ever new
 * keys from filling the database. One more key is recorded as a sign that the limit is exceeded.
 */
export const columnLimit = 100_000;

/** Keys in rows that do not become columns. */
export type MissingColumns =
  | { readonly reason: 'column-limit' }
  | { readonly reason: 'key-length'; readonly length: number };

/** A sentence for the run's log. */
export function missingColumnsMessage(missing: MissingColumns): string {
  if (missing.reason === 'column-limit') {
    return `the rows of this run have more than ${columnLimit.toLocaleString('en')} different keys, the limit: values of further keys are stored, but have no column. Name these keys in filter_keys to export them`;
  }
  return `a key of ${missing.length.toLocaleString('en')} characters has no column, because the limit is ${keyLengthLimit} characters: its values are stored, and exported as json and jsonl`;
}

/** Longer keys are remembered as hashes, so that memory does not depend on their length. */
const rememberedLength = 64;

function remembered(key: string): string {
  return key.length <= rememberedLength ? key : createHash('sha256').update(key).digest('base64');
}

export class ColumnRegister {
  readonly #database: Database;
  readonly #runId: number;
  readonly #known = new Set<string>();
  readonly #reported = new Set<MissingColumns['reason']>();
  #unreported: MissingColumns[] = [];

  constructor(database: Database, runId: number) {
    this.#database = database;
    this.#runId = runId;
  }

  /**
   * Stores keys that are not yet known, numbered in the order of first arrival. They are inserted in key order, so that
   * runners with the same keys wait for each other instead of deadlocking.
   * @returns false if the run has another fence, so that no key was stored
   */
  async store(rows: readonly ParsedRow[], fence: number): Promise<boolean> {
    const added: string[] = [];
    for (const { keys, longKeyLength } of rows) {
      if (longKeyLength !== undefined) this.#note({ reason: 'key-length', length: longKeyLength });
      for (const key of keys) if (this.#learn(key)) added.push(key);
    }
    if (added.length === 0) return true;
    let isStored = false;
    try {
      const { rowCount } = await this.#database.pool.query({
        name: 'store-columns',
        text: `WITH fenced AS (
                 SELECT id FROM run WHERE id = $1 AND fence = $3 FOR SHARE
               ), added AS MATERIALIZED (
                 SELECT key, nextval(pg_get_serial_sequence('result_column', 'first_seen')) AS first_seen
                 FROM (SELECT key FROM unnest($2::text[]) WITH ORDINALITY AS arrived (key, place)
                       ORDER BY place) AS arrived
               ), stored AS (
                 INSERT INTO result_column (run_id, key, first_seen) OVERRIDING SYSTEM VALUE
                 SELECT fenced.id, key, first_seen FROM fenced, added ORDER BY key COLLATE "C"
                 ON CONFLICT DO NOTHING
               )
               SELECT FROM fenced`,
        values: [this.#runId, added, fence],
      });
      isStored = rowCount === 1;
    } finally {
      if (!isStored) for (const key of added) this.#known.delete(remembered(key));
    }
    return isStored;
  }

  /** Takes the unreported keys without a column, each reason once. */
  takeMissing(): readonly MissingColumns[] {
    const missing = this.#unreported;
    if (missing.length > 0) this.#unreported = [];
    return missing;
  }

  /** @returns whether the key must be stored */
  #learn(key: string): boolean {
    const name = remembered(key);
    if (this.#known.has(name)) return false;
    if (this.#known.size >= columnLimit) this.#note({ reason: 'column-limit' });
    if (this.#known.size > columnLimit) return false;
    this.#known.add(name);
    return true;
  }

  #note(missing: MissingColumns): void {
    if (this.#reported.has(missing.reason)) return;
    this.#reported.add(missing.reason);
    this.#unreported.push(missing);
  }
}
