/** The table of exports: requests, outcomes and expiry. */
import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { ulid } from 'ulid';
import { type Database, channels, isFree } from '../database/database.ts';
import { ChelaError, type ErrorKey } from '../errors.ts';
import type { RunRecord } from '../runs/runs.ts';
import { isFinished } from '../runs/statuses.ts';
import { exportRecordColumns, fileNameOf, type ExportRecord } from './export-record.ts';
import type { ExportFormat } from './export-formats.ts';
import type { CsvStyle } from './exporter.ts';
import type { ResultHeader } from './ingest.ts';
import type { RowSelection } from './row-selection.ts';

/** An export that is not made within this time is queued again on request. */
export const makeLimitSeconds = 6 * 3600;

/** Maximum number of queued exports per account. */
const queueLimit = 50;

/** Upserts change rows without adding any, so the file of a running run is shared only for a short time. */
const changingRowsShareMilliseconds = 10_000;

const foreignKeyViolation = '23503';

export interface ExportRequest {
  readonly accountId: number;
  readonly run: RunRecord;
  readonly format: ExportFormat;
  readonly columns: readonly ResultHeader[];
  readonly isFiltered: boolean;
  readonly csv: CsvStyle;
  /** All rows in the order of first arrival if undefined. */
  readonly selection: RowSelection | undefined;
  readonly lacksColumns: boolean;
}

/** The column `selection`. */
export interface StoredSelection {
  readonly selection: RowSelection;
  /** Number of rows of the run that are searched; `row_count` becomes that of the selected ones. */
  readonly searched: number;
}

/** An export with everything needed to make it. */
export interface ExportPlan extends ExportRecord {
  readonly columns: string;
  /** JSON of a `StoredSelection`. */
  readonly selection: string | null;
  readonly is_filtered: boolean;
  readonly defuses_formulas: boolean;
  readonly has_byte_order_mark: boolean;
  readonly queued_at: Date;
  /** null if the run was removed. */
  readonly run: { id: number; slug: string; day: string; title: string; createdAt: Date } | null;
}

type EnsureMade = (client: PoolClient, found: ExportRecord & { mustBeMade: boolean }) => Promise<void>;

export class ExportRegister {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The export that satisfies a request, existing or new. Concurrent equal requests get the same one.
   * @param ensureMade called in the transaction, which holds the lock of the export
   */
  async ask(exportRequest: ExportRequest, ensureMade: EnsureMade): Promise<ExportRecord> {
    const { run, format, columns, isFiltered, csv, selection, lacksColumns, accountId } = exportRequest;
    const stored: StoredSelection | undefined = selection && { selection, searched: run.result_count };
    const identity = await this.#identity(exportRequest);
    const slug = ulid();
    try {
      return await this.#database.transaction(async (client) => {
        const { rows } = await client.query<ExportRecord & { is_overdue: boolean }>({
          name: 'ask-export',
          text: `INSERT INTO export (slug, run_id, identity, format, columns, is_filtered, row_count, file_name,
                   defuses_formulas, has_byte_order_mark, lacks_columns, selection)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13)
                 ON CONFLICT (run_id, identity) DO UPDATE SET asked_at = now()
                 RETURNING id, slug, format, file_name, state, size_bytes, row_count, rows_done, error_key, error_message,
                   lacks_columns, queued_at < now() - make_interval(secs => $12) AS is_overdue`,
          values: [
            slug,
            run.id,
            identity,
            format,
            JSON.stringify(columns),
            isFiltered,
            run.result_count,
            fileNameOf(run, format),
            csv.defusesFormulas,
            csv.hasByteOrderMark,
            lacksColumns,
            makeLimitSeconds,
            stored === undefined ? null : JSON.stringify(stored),
          ],
        });
        const [found] = rows;
        if (found === undefined) throw new Error('the statement that asks for an export gave none');
        const isNew = found.slug === slug;
        if (isNew) await refuseBeyondLimit(client, accountId);
        const isForgotten = found.state === 'queued' && found.is_overdue;
        await ensureMade(client, { ...found, mustBeMade: isNew || found.state === 'failed' || isForgotten });
        return found;
      });
    } catch (error) {
      if ((error as { code?: string }).code !== foreignKeyViolation) throw error;
      throw new ChelaError('NOT_FOUND', `run ${run.slug} was deleted`);
    }
  }

  /** SHA-256 of everything that determines the content of the file. */
  async #identity({ run, format, columns, isFiltered, csv, selection }: ExportRequest): Promise<Buffer> {
    const finished = isFinished(run.status);
    const moment =
      !finished && (await this.#hasUpserts(run)) ? Math.floor(Date.now() / changingRowsShareMilliseconds) : 0;
    const style = format === 'csv' ? csv : undefined;
    const parts = [format, isFiltered, columns, run.result_count, finished, moment, style, selection];
    return createHash('sha256').update(JSON.stringify(parts)).digest();
  }

  async #hasUpserts(run: RunRecord): Promise<boolean> {
    const { rowCount } = await this.#database.pool.query({
      name: 'run-has-upserts',
      text: 'SELECT FROM result_row WHERE day = $1 AND run_id = $2 AND upsert_key IS NOT NULL LIMIT 1',
      values: [run.day, run.id],
    });
    return (rowCount ?? 0) > 0;
  }

  async bySlug(slug: string): Promise<ExportRecord | undefined> {
    return this.#database.sql
      .selectFrom('export')
      .select(exportRecordColumns)
      .where('slug', '=', slug)
      .executeTakeFirst();
  }

  /** An export of one run. */
  async ofRun(runId: number, slug: string): Promise<ExportRecord | undefined> {
    return this.#database.sql
      .selectFrom('export')
      .select(exportRecordColumns)
      .where('slug', '=', slug)
      .where('run_id', '=', runId)
      .executeTakeFirst();
  }

  /** Records how many rows have been read so far, and how many there are. */
  async progress(id: number, rows: number, of: number): Promise<void> {
    await this.#database.pool.query({
      name: 'export-progress',
      text: `UPDATE export SET rows_done = $2, row_count = $3
             WHERE id = $1 AND state = 'queued' AND (rows_done < $2 OR row_count <> $3)`,
      values: [id, rows, of],
    });
  }

  async plan(id: number): Promise<ExportPlan | undefined> {
    const found = await this.#database.sql
      .selectFrom('export')
      .leftJoin('run', 'run.id', 'export.run_id')
      .leftJoin('worker', 'worker.id', 'run.worker_id')
      .select(exportRecordColumns)
      .select(['export.columns', 'export.selection', 'export.is_filtered', 'export.queued_at'])
      .select(['export.defuses_formulas', 'export.has_byte_order_mark'])
      .select(['run.id as run_id', 'run.slug as run_slug', 'run.day', 'run.created_at', 'worker.title'])
      .where('export.id', '=', id)
      .executeTakeFirst();
    if (found === undefined) return undefined;
    const { run_id: runId, run_slug: slug, day, created_at: createdAt, title, ...plan } = found;
    if (runId === null || slug === null || day === null || createdAt === null) return { ...plan, run: null };
    return { ...plan, run: { id: runId, slug, day, title: title ?? '', createdAt } };
  }

  /** Bytes that the first rows of a run take in the database, without reading large values. */
  async storedBytes(run: { id: number; day: string }, rowCount: number): Promise<number> {
    const { rows } = await this.#database.pool.query<{ bytes: number }>({
      name: 'stored-bytes-of-rows',
      text: `SELECT coalesce(sum(pg_column_size(data)), 0)::bigint AS bytes FROM result_row
             WHERE day = $1 AND run_id = $2 AND number < $3`,
      values: [run.day, run.id, rowCount],
    });
    return rows[0]?.bytes ?? 0;
  }

  /** Queues an export again, in a transaction that holds its lock. */
  async requeue(client: PoolClient, id: number): Promise<void> {
    await client.query(
      `UPDATE export SET state = 'queued', queued_at = now(), size_bytes = NULL, rows_done = 0, error_key = '', error_message = ''
       WHERE id = $1`,
      [id],
    );
  }

  /** Records that the file is ready and notifies those waiting. @returns whether the export still exists */
  async ready(id: number, sizeBytes: number, rowCount: number): Promise<boolean> {
    return this.#settle(`state = 'ready', size_bytes = $3, row_count = $4, rows_done = $4`, id, [
      sizeBytes,
      rowCount,
    ]);
  }

  /** Records the failure and notifies those waiting. */
  async failed(id: number, key: ErrorKey, message: string): Promise<void> {
    await this.#settle(`state = 'failed', error_key = $3, error_message = $4`, id, [key, message]);
  }

  async #settle(change: string, id: number, values: unknown[]): Promise<boolean> {
    const { rowCount } = await this.#database.pool.query(
      `WITH settled AS (
         UPDATE export SET ${change} WHERE id = $1 AND state = 'queued' AND run_id IS NOT NULL RETURNING id
       )
       SELECT pg_notify($2, id::text) FROM settled`,
      [id, channels.exportEnded, ...values],
    );
    return (rowCount ?? 0) > 0;
  }

  /**
   * Removes exports whose run was removed, and those not requested since a given time; `limit` at most, and none while a
   * backup reads the storage.
   * @param removeFile called while the export is locked
   * @returns number of removed exports
   */
  async removeOld(
    requestedBefore: Date,
    limit: number,
    removeFile: (old: Pick<ExportRecord, 'slug' | 'format'>) => Promise<void>,
  ): Promise<number> {
    return this.#database.transaction(async (client) => {
      if (!(await isFree(client, 'blobs'))) return 0;
      const { rows } = await client.query<Pick<ExportRecord, 'slug' | 'format'>>(
        `DELETE FROM export WHERE id IN (
           SELECT id FROM export WHERE run_id IS NULL OR asked_at < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
         ) RETURNING slug, format`,
        [requestedBefore, limit],
      );
      for (const old of rows) await removeFile(old);
      return rows.length;
    });
  }
}

/** @throws ChelaError if the account has too many queued exports */
async function refuseBeyondLimit(client: PoolClient, accountId: number): Promise<void> {
  const { rows } = await client.query<{ count: number }>({
    name: 'queued-exports',
    text: `SELECT count(*) FROM export JOIN run ON run.id = export.run_id
           WHERE export.state = 'queued' AND run.account_id = $1`,
    values: [accountId],
  });
  if ((rows[0]?.count ?? 0) <= queueLimit) return;
  throw new ChelaError(
    'RATE_LIMITED',
    `this account has ${queueLimit} waiting exports, the maximum: retry when some are ready`,
  );
}
