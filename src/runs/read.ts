/** Finds single runs: by slug, and the last of a scope. Everything is scoped to one account. */
import type { QueryConfig } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import { isWorkerSlug, splitWorkerPath } from '../workers/workers.ts';
import { runRecordColumns, runRecordSelect, selectRuns, type RunRecord } from './run-record.ts';

const lastOfWorker = (condition: string) => `
  SELECT ${runRecordSelect}
  FROM worker
  JOIN account ON account.id = worker.account_id
  LEFT JOIN LATERAL (
    SELECT * FROM run WHERE run.account_id = $1 AND run.worker_id = worker.id ORDER BY run.id DESC LIMIT 1
  ) AS run ON true
  LEFT JOIN worker_version ON worker_version.id = run.worker_version_id
  LEFT JOIN task ON task.id = run.task_id
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

export interface LabelCount {
  readonly label: string;
  /** Number of runs with it, of the newest labeled ones. */
  readonly runs: number;
}

/** Newest labeled runs whose labels are counted. */
const countedRuns = 10_000;
const listedLabels = 200;

/** The result of `runs/last` for a worker. An unknown or invisible worker differs from one without runs. */
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

  /** For signed links, which carry their own permission. */
  async bySlugOfAnyAccount(slug: string): Promise<RunRecord | undefined> {
    return selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.slug', '=', slug)
      .executeTakeFirst();
  }

  /** The account's newest run of any worker. */
  async last(accountId: number): Promise<RunRecord | undefined> {
    return selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.account_id', '=', accountId)
      .orderBy('run.id', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /**
   * The account's newest run of a worker, in one statement: it finds the worker by its unique slug or path, and its
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

  /** The original input of a run as JSON text. @throws ChelaError NOT_FOUND if the run was deleted in the meantime */
  async input(run: RunRecord): Promise<string> {
    const found = await this.#database.sql
      .selectFrom('run')
      .select('input')
      .where('id', '=', run.id)
      .executeTakeFirst();
    if (found === undefined) throw new ChelaError('NOT_FOUND', `run ${run.slug} does not exist`);
    return found.input;
  }

  /** The labels of the account's newest labeled runs, the most frequent first. */
  async labels(accountId: number): Promise<LabelCount[]> {
    const { rows } = await this.#database.pool.query<LabelCount>({
      name: 'labels-of-account',
      text: `SELECT label, count(*) AS runs FROM (
               SELECT labels FROM run WHERE account_id = $1 AND labels <> '[]' ORDER BY created_at DESC, id DESC LIMIT $2
             ) AS labeled, jsonb_array_elements_text(labels) AS label
             GROUP BY label ORDER BY runs DESC, label LIMIT $3`,
      values: [accountId, countedRuns, listedLabels],
    });
    return rows;
  }
}
