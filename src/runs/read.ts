/** Finds runs: by slug, the last of a scope, and lists. Everything is scoped to one account. */
import { sql, type RawBuilder } from 'kysely';
import type { QueryConfig } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import { isWorkerSlug, splitWorkerPath } from '../workers/workers.ts';
import type { RunEndReason } from './end-reasons.ts';
import { runRecordColumns, runRecordSelect, selectRuns, type RunRecord } from './run-record.ts';
import type { Origin, RunStatus } from './statuses.ts';

export interface Page {
  /** From 1. */
  readonly number: number;
  readonly size: number;
}

export interface RunFilter {
  readonly workerId?: string;
  /** Slug of a saved task. */
  readonly taskSlug?: string;
  readonly status?: RunStatus;
  /** Runs that ended for one of these reasons. */
  readonly endReasons?: readonly RunEndReason[];
  readonly origin?: Origin;
  readonly isPinned?: boolean;
  /** As stored. */
  readonly label?: string;
  /** Runs created at or after. */
  readonly createdFrom?: Date;
  /** Runs created before. */
  readonly createdBefore?: Date;
  /** Start of the run's slug, or part of its worker's title or name; case is ignored. */
  readonly keyword?: string;
  /** `created_at` if omitted. */
  readonly sort?: RunSort;
  /** Smallest or oldest first. */
  readonly ascending?: boolean;
}

const sortColumns = {
  created_at: sql`run.id`,
  started_at: sql`run.started_at`,
  duration: sql`coalesce(run.finished_at, now()) - run.started_at`,
  results: sql`run.result_count`,
  traffic: sql`run.traffic_bytes`,
  usage: sql`run.usage`,
} as const;
export type RunSort = keyof typeof sortColumns;
export const runSorts = Object.keys(sortColumns) as RunSort[];

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

/** A slug prefix long enough to be selective: its first letters encode the time. */
const slugBeginning = /^[0-9A-HJKMNP-TV-Z]{6,26}$/i;

/** @param workerKeys workers whose title or name contains the keyword */
function matches(keyword: string, workerKeys: readonly number[]): RawBuilder<boolean> {
  const byWorker = sql<boolean>`run.worker_id = ANY(${workerKeys})`;
  if (!slugBeginning.test(keyword)) return byWorker;
  const beginning = keyword.toUpperCase();
  // A range, which the index of slugs supports in any collation, because slugs are digits and capitals.
  return sql<boolean>`(${byWorker} OR run.slug BETWEEN ${beginning.padEnd(26, '0')} AND ${beginning.padEnd(26, 'Z')})`;
}

/** Runs without a value, such as a duration before the start, come last in either direction. */
function inOrder(sort: RunSort, ascending: boolean): RawBuilder<unknown> {
  // Every run has an id, and an index cannot serve an order with NULLS LAST.
  if (sort === 'created_at') return sql`run.id ${sql.raw(ascending ? 'ASC' : 'DESC')}`;
  return sql`${sortColumns[sort]} ${sql.raw(ascending ? 'ASC' : 'DESC')} NULLS LAST`;
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
               SELECT labels FROM run WHERE account_id = $1 AND labels <> '[]' ORDER BY id DESC LIMIT $2
             ) AS labeled, jsonb_array_elements_text(labels) AS label
             GROUP BY label ORDER BY runs DESC, label LIMIT $3`,
      values: [accountId, countedRuns, listedLabels],
    });
    return rows;
  }

  /** Newest first unless the filter says otherwise. */
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
    if (filter.taskSlug !== undefined) {
      const { taskSlug } = filter;
      runs = runs.where('run.task_id', 'in', (expression) =>
        expression.selectFrom('task').select('task.id').where('task.slug', '=', taskSlug),
      );
    }
    if (filter.status !== undefined) runs = runs.where('run.status', '=', filter.status);
    if (filter.endReasons !== undefined) runs = runs.where('run.end_reason', 'in', filter.endReasons);
    if (filter.origin !== undefined) runs = runs.where('run.origin', '=', filter.origin);
    if (filter.isPinned !== undefined)
      runs = runs.where('run.pinned_at', filter.isPinned ? 'is not' : 'is', null);
    if (filter.label !== undefined) {
      // The first condition is that of the indexes.
      runs = runs.where(
        sql<boolean>`run.labels <> '[]' AND run.labels @> ${JSON.stringify([filter.label])}::jsonb`,
      );
    }
    if (filter.createdFrom !== undefined) runs = runs.where('run.created_at', '>=', filter.createdFrom);
    if (filter.createdBefore !== undefined) runs = runs.where('run.created_at', '<', filter.createdBefore);
    if (filter.keyword !== undefined) {
      const keyword = filter.keyword.trim();
      runs = runs.where(matches(keyword, await this.#workersNamed(keyword)));
    }
    const { count } = await runs
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const order = inOrder(filter.sort ?? 'created_at', filter.ascending ?? false);
    // Selects the ids of the page first, so that only its runs are joined and sorted with all columns.
    const keys = runs
      .select('run.id')
      .orderBy(order)
      .orderBy('run.id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size);
    const list = await selectRuns(this.#database.sql)
      .select(runRecordColumns)
      .where('run.id', 'in', keys)
      .orderBy(order)
      .orderBy('run.id', 'desc')
      .execute();
    return { count, list };
  }

  async #workersNamed(keyword: string): Promise<number[]> {
    const pattern = `%${keyword.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    const workers = await this.#database.sql
      .selectFrom('worker')
      .select('id')
      .where((expression) =>
        expression.or([expression('title', 'ilike', pattern), expression('name', 'ilike', pattern)]),
      )
      .execute();
    return workers.map(({ id }) => id);
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
