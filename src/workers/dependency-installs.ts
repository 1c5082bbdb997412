/**
 * The record of a version's dependency installation, for its author: state, log, and why it failed. Runners do the
 * installing. Each has its own cache; the record is about the latest installation.
 */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import type { JobKind, Jobs } from '../jobs/jobs.ts';
import type { InstallStatus } from './install-statuses.ts';
import { lockWorkerOf, makeCurrentIfAwaited } from './current-version.ts';
import type { Language } from './languages.ts';
import { UnfinishedInstalls } from './unfinished-installs.ts';

export interface InstallRecord {
  readonly status: InstallStatus;
  readonly err_msg: string;
  /** Name and version of what the version runs on, such as `Node 22.18.0`; empty if it is not known. */
  readonly runtime: string;
  readonly is_truncated: boolean;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

export interface InstallLine {
  readonly number: number;
  readonly content: string;
  readonly logged_at: Date;
}

/** Versions published before records existed have none. */
const unknown: InstallRecord = {
  status: 'none',
  err_msg: '',
  runtime: '',
  is_truncated: false,
  started_at: null,
  finished_at: null,
};
const linesAtOnce = 1000;
const maxQueuedAtStart = 1000;

/** Makes a runner install a version's dependencies before its first run. Failures are recorded, not retried. */
export const installDependencies: JobKind<{ readonly versionId: number }> = {
  name: 'install-dependencies',
  queue: {
    retryLimit: 3,
    retryDelay: 5,
    retryBackoff: true,
    expireInSeconds: 3600,
    deleteAfterSeconds: 3600,
  },
};

/** What a runner needs to know to install a version's dependencies. */
export interface InstallableVersion {
  readonly id: number;
  readonly package_hash: string;
  readonly language: Language;
  /** Path of the file to run. */
  readonly entry: string;
}

export class DependencyInstalls {
  readonly unfinished: UnfinishedInstalls;
  readonly #database: Database;
  readonly #jobs: Jobs;

  constructor(database: Database, jobs: Jobs) {
    this.unfinished = new UnfinishedInstalls(database);
    this.#database = database;
    this.#jobs = jobs;
  }

  /**
   * Queues the installation in the transaction that publishes the version. A version that was set aside is tried again.
   * @param hasDependencies if false, nothing is queued
   */
  async queue(client: PoolClient, versionId: number, hasDependencies: boolean): Promise<void> {
    await client.query(
      `INSERT INTO dependency_install (worker_version_id, status) VALUES ($1, $2)
       ON CONFLICT (worker_version_id) DO UPDATE
       SET status = $2, err_msg = '', attempt = dependency_install.attempt + 1, started_at = NULL, finished_at = NULL`,
      [versionId, hasDependencies ? 'waiting' : 'none'],
    );
    await client.query('DELETE FROM dependency_install_line WHERE worker_version_id = $1', [versionId]);
    await client.query('DELETE FROM unfinished_install WHERE worker_version_id = $1', [versionId]);
    // Versions published before jobs are started, such as bundled workers, are queued at the start.
    if (hasDependencies && this.#jobs.isStarted)
      await this.#jobs.send(installDependencies, { versionId }, { client });
  }

  /**
   * Queues all waiting installations except those set aside, because their jobs may be missing. A duplicate job does
   * nothing.
   */
  async queueWaiting(): Promise<void> {
    await this.unfinished.settle();
    const { rows } = await this.#database.pool.query<{ id: number }>(
      `SELECT worker_version_id AS id FROM dependency_install WHERE status = 'waiting'
       ORDER BY worker_version_id DESC LIMIT $1`,
      [maxQueuedAtStart],
    );
    for (const { id: versionId } of rows) await this.#jobs.send(installDependencies, { versionId });
  }

  /** Queues the installation again. */
  async retry(versionId: number): Promise<void> {
    await this.#database.transaction(async (client) => this.queue(client, versionId, true));
  }

  async version(versionId: number): Promise<InstallableVersion | undefined> {
    const { rows } = await this.#database.pool.query<InstallableVersion>(
      `SELECT worker_version.id, package_hash, language, entry FROM worker_version
       JOIN worker ON worker.id = worker_id WHERE worker_version.id = $1 AND worker.deleted_at IS NULL`,
      [versionId],
    );
    return rows[0];
  }

  async read(versionId: number): Promise<InstallRecord> {
    const { rows } = await this.#database.pool.query<InstallRecord>(
      `SELECT status, err_msg, runtime, is_truncated, started_at, finished_at
       FROM dependency_install WHERE worker_version_id = $1`,
      [versionId],
    );
    return rows[0] ?? unknown;
  }

  /** Lines with numbers above `after`, oldest first, up to a maximum number. */
  async lines(versionId: number, after: number): Promise<InstallLine[]> {
    const { rows } = await this.#database.pool.query<InstallLine>(
      `SELECT number, content, logged_at FROM dependency_install_line
       WHERE worker_version_id = $1 AND number > $2 ORDER BY number LIMIT $3`,
      [versionId, after, linesAtOnce],
    );
    return rows;
  }

  /** Begins a new record that replaces the previous one. @returns its attempt; undefined if the version is gone */
  async begin(versionId: number): Promise<number | undefined> {
    return this.#database.transaction(async (client) => {
      const { rows } = await client.query<{ attempt: number }>(
        `INSERT INTO dependency_install (worker_version_id, status, attempt, started_at)
         SELECT id, 'installing', 1, now() FROM worker_version WHERE id = $1
         ON CONFLICT (worker_version_id) DO UPDATE
         SET status = 'installing', attempt = dependency_install.attempt + 1, err_msg = '', is_truncated = false,
           started_at = now(), finished_at = NULL
         RETURNING attempt`,
        [versionId],
      );
      await client.query('DELETE FROM dependency_install_line WHERE worker_version_id = $1', [versionId]);
      return rows[0]?.attempt;
    });
  }

  /** Adds lines; none if another installation began after this one. */
  async append(versionId: number, attempt: number, lines: readonly InstallLine[]): Promise<void> {
    await this.#database.pool.query(
      `INSERT INTO dependency_install_line (worker_version_id, number, content, logged_at)
       SELECT $1, line.number, line.content, line.logged_at
       FROM (SELECT FROM dependency_install WHERE worker_version_id = $1 AND attempt = $2 FOR SHARE) AS own
       CROSS JOIN unnest($3::integer[], $4::text[], $5::timestamptz[]) AS line (number, content, logged_at)
       ON CONFLICT DO NOTHING`,
      [
        versionId,
        attempt,
        lines.map(({ number }) => number),
        lines.map(({ content }) => content),
        lines.map(({ logged_at: at }) => at),
      ],
    );
  }

  /**
   * @param end.status `waiting` if another runner is to install
   * @param end.runtime unchanged if omitted
   */
  async end(
    versionId: number,
    attempt: number,
    end: {
      status: Exclude<InstallStatus, 'installing'>;
      errMsg?: string;
      isTruncated?: boolean;
      runtime?: string | undefined;
    },
  ): Promise<void> {
    await this.#database.transaction(async (client) => {
      await lockWorkerOf(client, versionId);
      const { rowCount } = await client.query(
        `UPDATE dependency_install
         SET status = $3, err_msg = $4, is_truncated = $5, runtime = COALESCE($6, runtime),
           finished_at = CASE WHEN $3 = 'waiting' THEN NULL ELSE now() END
         WHERE worker_version_id = $1 AND attempt = $2`,
        [versionId, attempt, end.status, end.errMsg ?? '', end.isTruncated ?? false, end.runtime ?? null],
      );
      const canRun = end.status === 'installed' || end.status === 'none';
      if (canRun && rowCount === 1) await makeCurrentIfAwaited(client, versionId);
    });
  }

  /** Records that a runner already has the dependencies, unless the record has newer information; and the runtime. */
  async found(versionId: number, status: 'none' | 'installed', runtime: string): Promise<void> {
    await this.#database.transaction(async (client) => {
      await lockWorkerOf(client, versionId);
      await client.query(
        `INSERT INTO dependency_install AS old (worker_version_id, status, runtime, finished_at)
         SELECT id, $2, $3, now() FROM worker_version WHERE id = $1
         ON CONFLICT (worker_version_id) DO UPDATE
         SET runtime = $3,
           status = CASE WHEN old.status IN ('waiting', 'failed') THEN $2 ELSE old.status END,
           err_msg = CASE WHEN old.status IN ('waiting', 'failed') THEN '' ELSE old.err_msg END,
           finished_at = CASE WHEN old.status IN ('waiting', 'failed') THEN now() ELSE old.finished_at END
         WHERE old.status IN ('waiting', 'failed') OR old.runtime <> $3`,
        [versionId, status, runtime],
      );
      await makeCurrentIfAwaited(client, versionId);
    });
  }
}
