/** Which runs a list shows, and in which order. */
import { sql, type Kysely, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import type { Tables } from '../database/database.ts';
import type { RunEndReason } from './end-reasons.ts';
import type { CountedRuns } from './run-counts.ts';
import type { Origin, RunStatus } from './statuses.ts';

export interface Page {
  /** From 1. */
  readonly number: number;
  readonly size: number;
}

export const runSorts = ['created_at', 'started_at', 'duration', 'results', 'traffic', 'usage'] as const;
export type RunSort = (typeof runSorts)[number];

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

/** Time of creation: at or after `from`, and before `before`. */
export interface CreatedRange {
  readonly from?: Date;
  readonly before?: Date;
}

/** A filter whose names are looked up. */
export interface SelectedRuns extends CreatedRange {
  /** What of the filter the kept counts know. */
  readonly counted: CountedRuns;
  readonly endReasons: readonly RunEndReason[] | undefined;
  readonly isPinned: boolean | undefined;
  readonly label: string | undefined;
  readonly keyword: SlugOrWorker | undefined;
}

/** A keyword that may be the start of a slug: runs with such a slug, or of these workers. */
interface SlugOrWorker {
  /** In capitals. */
  readonly slugStart: string;
  readonly workerKeys: readonly number[];
}

export function isCountKept({ endReasons, isPinned, label, keyword }: SelectedRuns): boolean {
  return endReasons === undefined && isPinned === undefined && label === undefined && keyword === undefined;
}

export type RunQuery = SelectQueryBuilder<Tables, 'run', object>;

/** @param range in place of the selection's own */
export function selectedRuns(
  database: Kysely<Tables>,
  selected: SelectedRuns,
  range: CreatedRange = selected,
): RunQuery {
  const { counted, endReasons, isPinned, label, keyword } = selected;
  let runs: RunQuery = database.selectFrom('run').where('run.account_id', '=', counted.accountId);
  if (counted.workerKeys !== undefined) runs = runs.where(isOfWorker(counted.workerKeys));
  if (keyword !== undefined) runs = runs.where(matches(keyword));
  if (counted.taskKey !== undefined) runs = runs.where('run.task_id', '=', counted.taskKey);
  if (counted.status !== undefined) runs = runs.where('run.status', '=', counted.status);
  if (counted.origin !== undefined) runs = runs.where('run.origin', '=', counted.origin);
  if (endReasons !== undefined) runs = runs.where('run.end_reason', 'in', endReasons);
  if (isPinned !== undefined) runs = runs.where('run.pinned_at', isPinned ? 'is not' : 'is', null);
  if (label !== undefined) {
    // The first condition is that of the indexes.
    runs = runs.where(sql<boolean>`run.labels <> '[]' AND run.labels @> ${JSON.stringify([label])}::jsonb`);
  }
  if (range.from !== undefined) runs = runs.where('run.created_at', '>=', range.from);
  if (range.before !== undefined) runs = runs.where('run.created_at', '<', range.before);
  return runs;
}

function isOfWorker(keys: readonly number[]): RawBuilder<boolean> {
  const [only] = keys;
  // With a single key, PostgreSQL reads an index in its order.
  return keys.length === 1 ? sql`run.worker_id = ${only}` : sql`run.worker_id = ANY(${keys})`;
}

function matches({ slugStart, workerKeys }: SlugOrWorker): RawBuilder<boolean> {
  // A range, which the index of slugs supports in any collation, because slugs are digits and capitals.
  const bySlug = sql<boolean>`run.slug BETWEEN ${slugStart.padEnd(26, '0')} AND ${slugStart.padEnd(26, 'Z')}`;
  return workerKeys.length === 0 ? bySlug : sql`(run.worker_id = ANY(${workerKeys}) OR ${bySlug})`;
}
