/**
 * Stores the rows of one run as its subtasks push them. Row numbers are dense and start at 0, in the order of first
 * arrival. They are assigned under the lock of the run's row, so several runners may push to one run.
 */
import type { PoolClient } from 'pg';
import { type Database, GroupCommit } from '../database/database.ts';
import type { Events } from '../events/events.ts';
import { ColumnRegister, type MissingColumns } from './column-register.ts';
import { mergeRow, type ParsedRow } from './row.ts';
import {
  ClaimLostError,
  type Claim,
  type ClaimedEntry,
  type RunClaims,
  type RunReference,
} from '../runs/runs.ts';

export interface ResultHeader {
  readonly key: string;
  readonly label: string;
  readonly format: string;
}

/** The run has reached its limit of rows. */
class RowLimitError extends Error {
  constructor(limit: number) {
    super(`the run has reached the limit of ${limit} rows (CHELA_ROW_LIMIT)`);
    this.name = 'RowLimitError';
  }
}

/** The run that rows are stored for. */
export interface PushedRun extends RunReference {
  readonly slug: string;
  /** Whether rows are also counted per subtask. */
  readonly isSplit: boolean;
}

interface PushedRow extends ClaimedEntry {
  readonly row: ParsedRow;
  /** Set if the run had reached its limit when the batch was stored. */
  isRefused: boolean;
}

/** A row to insert, including the upserts of its batch that were merged into it. */
interface NewRow {
  readonly subtask: number;
  text: string;
  readonly upsert: ParsedRow['upsert'];
  /** The pushes that it consists of. */
  readonly pushes: PushedRow[];
}

function upsertIdentity(upsert: { key: string; value: string }): string {
  return JSON.stringify([upsert.key, upsert.value]);
}

export class ResultIngest {
  readonly #database: Database;
  readonly #run: PushedRun;
  readonly #claims: RunClaims;
  readonly #rowLimit: number;
  readonly #columns: ColumnRegister;
  readonly #commits: GroupCommit<PushedRow>;
  readonly #listeners = new Set<() => void>();
  #hasRefused = false;

  /** @param options.rowLimit maximum rows of the run, over all runners; 0 for no limit */
  constructor(
    database: Database,
    run: PushedRun,
    { claims, rowLimit, events }: { claims: RunClaims; rowLimit: number; events: Events },
  ) {
    this.#database = database;
    this.#run = run;
    this.#claims = claims;
    this.#rowLimit = rowLimit;
    this.#columns = new ColumnRegister(database, run.id);
    this.#commits = new GroupCommit({
      commit: async (rows) => {
        const began = performance.now();
        await claims.store(rows, (current, fence) => this.#store(current, fence));
        const stored = rows.reduce((count, row) => (row.isLost || row.isRefused ? count : count + 1), 0);
        const seconds = (performance.now() - began) / 1000;
        events.emit('rows:stored', { run: run.slug, rows: stored, seconds });
      },
      sizeBytes: ({ row }) => row.text.length,
    });
  }

  /**
   * Resolves once the row is committed.
   * @returns keys of the run's rows that have no column; each reason is given once
   * @throws RowLimitError if the run has reached its limit of rows
   * @throws ClaimLostError
   */
  async push(claim: Claim, row: ParsedRow): Promise<readonly MissingColumns[]> {
    const pushed = { claim, row, isRefused: false, isLost: false };
    await this.#commits.add(pushed);
    if (pushed.isLost) throw new ClaimLostError();
    if (!pushed.isRefused) return this.#columns.takeMissing();
    this.#hasRefused = true;
    for (const listener of this.#listeners) listener();
    throw new RowLimitError(this.#rowLimit);
  }

  /**
   * Calls back once a row was refused because of the limit, at once if one already was. @returns a function that
   * unsubscribes
   */
  onRefused(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#hasRefused) listener();
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once all rows pushed before are committed or have failed. */
  settled(): Promise<void> {
    return this.#commits.settled();
  }

  /** Replaces the header of this subtask. @throws ClaimLostError */
  async setHeaders(claim: Claim, headers: readonly ResultHeader[]): Promise<void> {
    await this.#claims.storeOne(claim, async (fence) => {
      const { rowCount } = await this.#database.pool.query({
        name: 'set-headers',
        text: `INSERT INTO result_header (run_id, subtask, headers)
               SELECT id, $2::int, $3 FROM run WHERE id = $1 AND fence = $4 FOR SHARE
               ON CONFLICT (run_id, subtask) DO UPDATE SET headers = excluded.headers`,
        values: [this.#run.id, claim.number, JSON.stringify(headers), fence],
      });
      return rowCount === 1;
    });
  }

  /** @returns false if the run has another fence, so that none of them is stored */
  async #store(rows: PushedRow[], fence: number): Promise<boolean> {
    const areColumnsStored = await this.#columns.store(
      rows.map(({ row }) => row),
      fence,
    );
    if (!areColumnsStored) return false;
    const isPlain = rows.every(({ row }) => row.upsert === undefined);
    // A batch that does not fit as a whole is split, under the lock of the run.
    if (isPlain && (await this.#append(rows, fence))) return true;
    return this.#database.transaction((client) => this.#upsert(client, rows, fence));
  }

  /**
   * In one statement, adds the rows to the run's count and numbers them from the previous count. The rows are passed as
   * one JSON array, which keeps their exact text and takes half the time of a PostgreSQL array.
   * @returns false if not all of them fit, or the run has another fence; none is stored in that case
   */
  async #append(rows: PushedRow[], fence: number): Promise<boolean> {
    const { rowCount } = await this.#database.pool.query({
      name: this.#run.isSplit ? 'append-split-rows' : 'append-rows',
      text: `WITH counted AS (
               UPDATE run SET result_count = result_count + cardinality($3::int[])
               WHERE id = $1 AND fence = $6 AND ($5 = 0 OR result_count + cardinality($3::int[]) <= $5)
               RETURNING result_count - cardinality($3::int[]) AS first
             )${this.#tally('counted, unnest($3::int[]) AS pushed (subtask)')}
             INSERT INTO result_row (day, run_id, number, subtask, data)
             SELECT $2::date, $1::bigint, counted.first + pushed.place - 1, pushed.subtask, pushed.data
             FROM counted, ROWS FROM (unnest($3::int[]), json_array_elements($4::json)) WITH ORDINALITY
               AS pushed (subtask, data, place)`,
      values: [
        this.#run.id,
        this.#run.day,
        rows.map(({ claim }) => claim.number),
        `[${rows.map(({ row }) => row.text).join(',')}]`,
        this.#rowLimit,
        fence,
      ],
    });
    return rowCount === rows.length;
  }

  /** SQL that counts rows per subtask; not needed if the run has only one. */
  #tally(from: string): string {
    if (!this.#run.isSplit) return '';
    return `, tallied AS (
               INSERT INTO subtask_result AS tally (run_id, subtask, row_count)
               SELECT $1::bigint, subtask, count(*) FROM ${from} GROUP BY subtask
               ON CONFLICT (run_id, subtask) DO UPDATE SET row_count = tally.row_count + excluded.row_count
             )`;
  }

  /** @returns false if the run has another fence, so that none of the rows is stored */
  async #upsert(client: PoolClient, rows: PushedRow[], fence: number): Promise<boolean> {
    const { rows: counted } = await client.query<{ result_count: number }>({
      name: 'lock-result-count',
      text: 'SELECT result_count FROM run WHERE id = $1 AND fence = $2 FOR UPDATE',
      values: [this.#run.id, fence],
    });
    if (counted[0] === undefined) return false;
    const first = counted[0].result_count;
    const stored = await this.#storedRows(client, rows);
    const changed = new Set<number>();
    const added: NewRow[] = [];
    const addedByIdentity = new Map<string, NewRow>();
    for (const pushed of rows) {
      const { claim, row } = pushed;
      const identity = row.upsert === undefined ? undefined : upsertIdentity(row.upsert);
      const earlier =
        identity === undefined ? undefined : (stored.get(identity) ?? addedByIdentity.get(identity));
      if (earlier === undefined) {
        const created = { subtask: claim.number, text: row.text, upsert: row.upsert, pushes: [pushed] };
        added.push(created);
        if (identity !== undefined) addedByIdentity.set(identity, created);
      } else {
        earlier.text = mergeRow(earlier.text, row.text);
        if ('number' in earlier) changed.add(earlier.number);
        else earlier.pushes.push(pushed);
      }
    }
    const updates = [...stored.values()].filter((row) => changed.has(row.number));
    if (updates.length > 0) await this.#update(client, updates);
    const room = this.#rowLimit === 0 ? added.length : Math.max(0, this.#rowLimit - first);
    const kept = added.slice(0, room);
    if (kept.length > 0) await this.#insert(client, first, kept);
    for (const pushed of added.slice(room).flatMap(({ pushes }) => pushes)) pushed.isRefused = true;
    return true;
  }

  /** The stored rows that match the upsert pairs of a batch. */
  async #storedRows(
    client: PoolClient,
    rows: PushedRow[],
  ): Promise<Map<string, { number: number; text: string }>> {
    const pairs = new Map<string, { key: string; value: string }>();
    for (const { row } of rows)
      if (row.upsert !== undefined) pairs.set(upsertIdentity(row.upsert), row.upsert);
    const { rows: found } = await client.query<{ key: string; value: string; number: number; data: string }>({
      name: 'find-upserts',
      text: `SELECT pair.key, pair.value, stored.number, stored.data
             FROM unnest($3::text[], $4::text[]) AS pair (key, value)
             JOIN result_row AS stored ON stored.day = $1 AND stored.run_id = $2 AND stored.upsert_key = pair.key
               AND md5(stored.upsert_value) = md5(pair.value) AND stored.upsert_value = pair.value`,
      values: [
        this.#run.day,
        this.#run.id,
        Array.from(pairs.values(), ({ key }) => key),
        Array.from(pairs.values(), ({ value }) => value),
      ],
    });
    return new Map(found.map((row) => [upsertIdentity(row), { number: row.number, text: row.data }]));
  }

  async #update(client: PoolClient, rows: { number: number; text: string }[]): Promise<void> {
    await client.query({
      name: 'update-rows',
      text: `UPDATE result_row SET data = changed.data
             FROM unnest($3::bigint[], $4::json[]) AS changed (number, data)
             WHERE result_row.day = $1 AND result_row.run_id = $2 AND result_row.number = changed.number`,
      values: [this.#run.day, this.#run.id, rows.map(({ number }) => number), rows.map(({ text }) => text)],
    });
  }

  async #insert(client: PoolClient, first: number, rows: NewRow[]): Promise<void> {
    await client.query({
      name: this.#run.isSplit ? 'insert-split-rows' : 'insert-rows',
      text: `WITH counted AS (
               UPDATE run SET result_count = result_count + cardinality($4::int[]) WHERE id = $1
             )${this.#tally('unnest($4::int[]) AS pushed (subtask)')}
             INSERT INTO result_row (day, run_id, number, subtask, data, upsert_key, upsert_value)
             SELECT $2::date, $1::bigint, $3::bigint + added.place - 1, added.subtask, added.data, added.key, added.value
             FROM unnest($4::int[], $5::json[], $6::text[], $7::text[]) WITH ORDINALITY
               AS added (subtask, data, key, value, place)`,
      values: [
        this.#run.id,
        this.#run.day,
        first,
        rows.map(({ subtask }) => subtask),
        rows.map(({ text }) => text),
        rows.map(({ upsert }) => upsert?.key ?? null),
        rows.map(({ upsert }) => upsert?.value ?? null),
      ],
    });
  }
}
