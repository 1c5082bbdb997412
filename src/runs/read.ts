/** Finding runs: by slug, the last of a scope, and lists. Everything is scoped to one account. */
import type { QueryConfig } from 'pg';
import type { Database } from '../database/database.ts';
import { isWorkerSlug, splitWorkerPath } from '../workers/worker-id.ts';
import { runRecordColumns, runRecordSelect, selectRuns, type RunRecord } from './run-record.ts';
import type { Origin, RunStatus } from './statuses.ts';

export interface Page {
  /** From 1. */
  readonly number: number;
  readonly size: number;
}

export interface RunFilter {
  readonly workerId?: string;
  readonly status?: RunStatus;
  readonly origin?: Origin;
  /** Runs created at or after. */
  readonly createdFrom?: Date;
  /** Runs created before. */
  readonly createdBefore?: Date;
  /** Instead of newest first. */
  readonly oldestFirst?: boolean;
}

const lastOfWorker = (condition: string) => `
  SELECT ${runRecordSelect}
  FROM worker
  JOIN account ON account.id = worker.account_id
  LEFT JOIN LATERAL (
    SELECT * FROM run WHERE run.account_id = $1 AND run.worker_id = worker.id ORDER BY run.id DESC LIMIT 1
  ) AS run ON true
  LEFT JOIN worker_version ON worker_version.id = run.worker_version_id
  WHERE ${condition} AND worker.deleted_at IS NULL AND (worker.account_id = $1 OR worker.is_public)`;
const lastOfWorkerBySlug = lastOfWorker('worker.slug = $2');
const lastOfWorkerByPath = lastOfWorker('account.name = $2 AND worker.name = $3');

function lastOfWorkerQuery(accountId: number, workerId: string): QueryConfig | undefined {
  if (isWorkerSlug(workerId)) {
    return { name: 'last-run-by-slug', text: lastOfWorkerBySlug, values: [accountId, workerId] };
  }
  const path = splitWorkerPath(workerId);
  if (path === undefined) return undefined;
  return { name: 'last-run-by-path', text: lastOfWorkerByPath, values: [accountId, path.owner, path.name] };
}

/** What `runs/last` of a worker answers; a worker that is not there for this account is told from one without runs. */
export type LastRunOfWorker = RunRecord | 'no run' | 'no worker';

export class RunReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async bySlug(accountId: number, slug: string): Promise<RunRecord | undefined> {
    return selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.slug', '=', slug)
      .where('run.account_id', '=', accountId)
      .executeTakeFirst();
  }

  /** For links that carry their own permission. */
  async bySlugOfAnyAccount(slug: string): Promise<RunRecord | undefined> {
    return selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.slug', '=', slug)
      .executeTakeFirst();
  }

  /** The newest run of the account, whatever its worker. */
  async last(accountId: number): Promise<RunRecord | undefined> {
    return selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.account_id', '=', accountId)
      .orderBy('run.id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /**
   * The account's newest run of a worker: one statement that looks up the worker by its unique slug or path and its
   * newest run by one index.
   * @param workerId slug or `owner~name`
   */
  async lastOfWorker(accountId: number, workerId: string): Promise<LastRunOfWorker> {
    const query = lastOfWorkerQuery(accountId, workerId);
    if (query === undefined) return 'no worker';
    const { rows } = await this.#database.pool.query<RunRecord | { id: null }>(query);
    const [row] = rows;
    if (row === undefined) return 'no worker';
    return row.id === null ? 'no run' : row;
  }

  /** The input of a run as JSON text, as it was sent. */
  async input(runId: number): Promise<string> {
    const { input } = await this.#database.sql
      .selectFrom('run')
      .select('input')
      .where('id', '=', runId)
      .executeTakeFirstOrThrow();
    return input;
  }

  /** By creation, newest first where the filter does not say otherwise. */
  async list(
    accountId: number,
    filter: RunFilter,
    page: Page,
  ): Promise<{ count: number; list: RunRecord[] }> {
    let runs = this.#database.sql.selectFrom('run').where('run.account_id', '=', accountId);
    if (filter.workerId !== undefined) {
      const workerKey = await this.#workerKey(filter.workerId);
      if (workerKey === undefined) return { count: 0, list: [] };
      runs = runs.where('run.worker_id', '=', workerKey);
    }
    if (filter.status !== undefined) runs = runs.where('run.status', '=', filter.status);
    if (filter.origin !== undefined) runs = runs.where('run.origin', '=', filter.origin);
    if (filter.createdFrom !== undefined) runs = runs.where('run.created_at', '>=', filter.createdFrom);
    if (filter.createdBefore !== undefined) runs = runs.where('run.created_at', '<', filter.createdBefore);
    const { count } = await runs
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const list = await runs
      .innerJoin('worker', 'worker.id', 'run.worker_id')
      .innerJoin('worker_version', 'worker_version.id', 'run.worker_version_id')
      .select(runRecordColumns)
      .orderBy('run.id', filter.oldestFirst === true ? 'asc' : 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list };
  }

  async #workerKey(workerId: string): Promise<number | undefined> {
    const path = splitWorkerPath(workerId);
    const worker = await this.#database.sql
      .selectFrom('worker')
      .innerJoin('account', 'account.id', 'worker.account_id')
      .select('worker.id')
      .where((expression) =>
        path === undefined
          ? expression('worker.slug', '=', workerId)
          : expression.and([
              expression('account.name', '=', path.owner),
              expression('worker.name', '=', path.name),
            ]),
      )
      .executeTakeFirst();
    return worker?.id;
  }
}
