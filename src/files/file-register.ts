/** The table of files: reservations, kept files, and what the storage still has to remove. */
import type { Pool, PoolClient } from 'pg';
import { ulid } from 'ulid';
import { isFree, type Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import { runFilesTooLarge, tooManyFiles, type FileLimits } from './file-limits.ts';
import { fileRecordColumns, type FileRecord } from './file-record.ts';

const foreignKeyViolation = '23503';

export interface FileStart {
  readonly runId: number;
  readonly subtask: number;
  readonly name: string;
  readonly mediaType: string;
}

/** A file whose content may be written. */
export interface StartedFile {
  readonly id: number;
  readonly slug: string;
  /** Bytes of the run's other files. */
  readonly otherBytes: number;
}

export interface FileContent {
  readonly sizeBytes: number;
  readonly sha256: Buffer;
}

/** A file that the storage no longer needs. */
export interface DiscardedFile {
  readonly id: number;
  readonly slug: string;
}

export interface FilePage {
  readonly count: number;
  readonly sizeBytes: number;
  readonly list: FileRecord[];
}

export interface NameQuery {
  /** Start of the names. */
  readonly prefix: string;
  /** Only names after this one, in the order of their bytes; all if `''`. */
  readonly after: string;
  readonly limit: number;
}

type Hold = (client: PoolClient) => Promise<void>;

export function noSuchFile(name: string): ChelaError {
  return new ChelaError('NOT_FOUND', `the run has no file ${name}`);
}

export class FileRegister {
  readonly #database: Database;
  readonly #limits: FileLimits;

  constructor(database: Database, limits: FileLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** Reserves a file before its content is written. @throws ChelaError if the run has too many files, or was removed */
  async start({ runId, subtask, name, mediaType }: FileStart): Promise<StartedFile> {
    try {
      const { rows } = await this.#database.pool.query<StartedFile & { others: number }>({
        name: 'start-file',
        text: `WITH started AS (
                 INSERT INTO run_file (slug, run_id, subtask, name, media_type) VALUES ($1, $2, $3, $4, $5) RETURNING id, slug
               )
               SELECT started.id, started.slug, other.others, other.bytes AS "otherBytes"
               FROM started, (SELECT count(*) AS others, coalesce(sum(size_bytes), 0)::bigint AS bytes FROM run_file
                              WHERE run_id = $2 AND state = 'kept' AND name <> $4) AS other`,
        values: [ulid(), runId, subtask, name, mediaType],
      });
      const [started] = rows;
      if (started === undefined) throw new Error('the statement that starts a file gave none');
      if (started.others >= this.#limits.runFileLimit) {
        await this.forget(started.id, async () => undefined);
        throw tooManyFiles(this.#limits);
      }
      return started;
    } catch (error) {
      throw (error as { code?: string }).code === foreignKeyViolation ? runRemoved() : error;
    }
  }

  /**
   * Makes a written file the run's file of its name.
   * @param hold called at the end of the transaction; throws if the worker may not change the run any more
   * @returns the file, and the one that it replaced
   * @throws ChelaError if the run's files would exceed a limit, or the run was removed
   */
  async keep(
    { id }: StartedFile,
    { runId, name }: FileStart,
    { sizeBytes, sha256 }: FileContent,
    hold: Hold,
  ): Promise<{ kept: FileRecord; replaced: DiscardedFile | undefined }> {
    return this.#database.transaction(async (client) => {
      // Files of one run are kept one after another, so that together they stay within the limits.
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('files of run ' || $1::bigint, 0))`, [
        runId,
      ]);
      const { rows: others } = await client.query<{ files: number; bytes: number }>({
        name: 'other-files',
        text: `SELECT count(*) AS files, coalesce(sum(size_bytes), 0)::bigint AS bytes FROM run_file
               WHERE run_id = $1 AND state = 'kept' AND name <> $2`,
        values: [runId, name],
      });
      const [{ files, bytes } = { files: 0, bytes: 0 }] = others;
      if (files >= this.#limits.runFileLimit) throw tooManyFiles(this.#limits);
      if (bytes + sizeBytes > this.#limits.runFilesLimitBytes) throw runFilesTooLarge(this.#limits);
      const replaced = await discardKept(client, runId, name);
      const { rows: kept } = await client.query<FileRecord>({
        name: 'keep-file',
        text: `UPDATE run_file SET state = 'kept', size_bytes = $2, sha256 = $3, kept_at = now()
               WHERE id = $1 AND state = 'writing' AND run_id IS NOT NULL RETURNING ${fileRecordColumns}`,
        values: [id, sizeBytes, sha256],
      });
      if (kept[0] === undefined) throw runRemoved();
      await hold(client);
      return { kept: kept[0], replaced };
    });
  }

  async find(runId: number, name: string): Promise<FileRecord | undefined> {
    const { rows } = await this.#database.pool.query<FileRecord>({
      name: 'file-by-name',
      text: `SELECT ${fileRecordColumns} FROM run_file WHERE run_id = $1 AND name = $2 AND state = 'kept'`,
      values: [runId, name],
    });
    return rows[0];
  }

  async bySlug(slug: string): Promise<FileRecord | undefined> {
    const { rows } = await this.#database.pool.query<FileRecord>({
      name: 'file-by-slug',
      text: `SELECT ${fileRecordColumns} FROM run_file WHERE slug = $1 AND state = 'kept' AND run_id IS NOT NULL`,
      values: [slug],
    });
    return rows[0];
  }

  /** A page of a run's files by name, and their number and size. @param prefix start of the names */
  async page(
    runId: number,
    prefix: string,
    { first, size }: { first: number; size: number },
  ): Promise<FilePage> {
    const { rows: totals } = await this.#database.pool.query<{ count: number; sizeBytes: number }>({
      name: 'count-files',
      text: `SELECT count(*) AS count, coalesce(sum(size_bytes), 0)::bigint AS "sizeBytes" FROM run_file
             WHERE run_id = $1 AND state = 'kept' AND starts_with(name, $2)`,
      values: [runId, prefix],
    });
    const { rows: list } = await this.#database.pool.query<FileRecord>({
      name: 'files-of-run',
      text: `SELECT ${fileRecordColumns} FROM run_file
             WHERE run_id = $1 AND state = 'kept' AND starts_with(name, $2) ORDER BY name OFFSET $3 LIMIT $4`,
      values: [runId, prefix, first, size],
    });
    return { ...(totals[0] ?? { count: 0, sizeBytes: 0 }), list };
  }

  async after(runId: number, { prefix, after, limit }: NameQuery): Promise<FileRecord[]> {
    const { rows } = await this.#database.pool.query<FileRecord>({
      name: 'files-after',
      text: `SELECT ${fileRecordColumns} FROM run_file
             WHERE run_id = $1 AND state = 'kept' AND starts_with(name, $2) AND name > $3 ORDER BY name LIMIT $4`,
      values: [runId, prefix, after, limit],
    });
    return rows;
  }

  /** Marks a file as removable. @returns undefined if the run has no such file */
  async discard(runId: number, name: string): Promise<DiscardedFile | undefined> {
    return discardKept(this.#database.pool, runId, name);
  }

  /** As `discard`, for a worker. @param hold as for `keep` @throws ChelaError NOT_FOUND, or the error of `hold` */
  async discardFor(runId: number, name: string, hold: Hold): Promise<DiscardedFile> {
    return this.#database.transaction(async (client) => {
      const discarded = await discardKept(client, runId, name);
      if (discarded === undefined) throw noSuchFile(name);
      await hold(client);
      return discarded;
    });
  }

  /** Discards a file that was not kept. @returns whether its content can be removed: not if it was kept after all */
  async abandon(id: number): Promise<boolean> {
    const { rowCount } = await this.#database.pool.query({
      name: 'abandon-file',
      text: `UPDATE run_file SET state = 'discarded' WHERE id = $1 AND state = 'writing'`,
      values: [id],
    });
    return rowCount === 1;
  }

  /** Discards files that began to arrive before the given time. @returns discarded files, and files of removed runs */
  async garbage(begunBefore: Date, limit: number): Promise<DiscardedFile[]> {
    await this.#database.pool.query({
      name: 'abandon-files',
      text: `UPDATE run_file SET state = 'discarded' WHERE state = 'writing' AND begun_at < $1`,
      values: [begunBefore],
    });
    const { rows } = await this.#database.pool.query<DiscardedFile>({
      name: 'file-garbage',
      text: `SELECT id, slug FROM run_file
             WHERE (state <> 'kept' OR run_id IS NULL) AND state <> 'writing' ORDER BY begun_at LIMIT $1`,
      values: [limit],
    });
    return rows;
  }

  /**
   * Forgets a file once its content is removed.
   * @param removeContent removes it from the storage
   * @returns false if it may not be removed now, because a backup reads the storage
   */
  async forget(id: number, removeContent: () => Promise<void>): Promise<boolean> {
    return this.#database.transaction(async (client) => {
      if (!(await isFree(client, 'blobs'))) return false;
      await removeContent();
      await client.query({
        name: 'forget-file',
        text: `DELETE FROM run_file WHERE id = $1 AND (state <> 'kept' OR run_id IS NULL)`,
        values: [id],
      });
      return true;
    });
  }
}

function runRemoved(): ChelaError {
  return new ChelaError('NOT_FOUND', 'the run was removed');
}

async function discardKept(
  connection: Pool | PoolClient,
  runId: number,
  name: string,
): Promise<DiscardedFile | undefined> {
  const { rows } = await connection.query<DiscardedFile>({
    name: 'discard-file',
    text: `UPDATE run_file SET state = 'discarded' WHERE run_id = $1 AND name = $2 AND state = 'kept' RETURNING id, slug`,
    values: [runId, name],
  });
  return rows[0];
}
