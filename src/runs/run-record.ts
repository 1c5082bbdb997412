/** A run in the database, with the names of its worker, version and saved task. */
import type { Kysely } from 'kysely';
import type { Tables } from '../database/database.ts';
import type { EndColumns } from './run-figures.ts';
import type { Origin, RunStatus } from './statuses.ts';

export interface RunRecord extends EndColumns {
  readonly id: number;
  readonly slug: string;
  readonly worker_id: number;
  readonly worker_slug: string;
  readonly worker_title: string;
  readonly version: string;
  readonly status: RunStatus;
  readonly origin: Origin;
  readonly day: string;
  readonly result_count: number;
  readonly usage: string;
  readonly traffic_bytes: number;
  readonly err_msg: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  /** When it was pinned against retention; null if it is not. */
  readonly pinned_at: Date | null;
  readonly labels: readonly string[];
  /** null without a saved task, or if it was deleted. */
  readonly task_slug: string | null;
  readonly task_title: string | null;
}

/** The columns of a `RunRecord`, from the tables run, worker, worker_version and task. */
export const runRecordColumns = [
  'run.id',
  'run.slug',
  'run.worker_id',
  'worker.slug as worker_slug',
  'worker.title as worker_title',
  'worker_version.version',
  'run.status',
  'run.origin',
  'run.day',
  'run.result_count',
  'run.usage',
  'run.traffic_bytes',
  'run.err_msg',
  'run.end_reason',
  'run.end_detail',
  'run.error_headline',
  'run.created_at',
  'run.started_at',
  'run.finished_at',
  'run.pinned_at',
  'run.labels',
  'task.slug as task_slug',
  'task.title as task_title',
] as const;

/** The same columns as SQL text, for statements on hot paths. */
export const runRecordSelect = `run.id, run.slug, run.worker_id, worker.slug AS worker_slug, worker.title AS worker_title,
  worker_version.version, run.status, run.origin, run.day, run.result_count, run.usage, run.traffic_bytes, run.err_msg,
  run.end_reason, run.end_detail, run.error_headline, run.created_at, run.started_at, run.finished_at, run.pinned_at, run.labels,
  task.slug AS task_slug, task.title AS task_title`;

/** Runs joined with their worker, version and saved task. */
export function selectRuns(database: Kysely<Tables>) {
  return database
    .selectFrom('run')
    .innerJoin('worker', 'worker.id', 'run.worker_id')
    .innerJoin('worker_version', 'worker_version.id', 'run.worker_version_id')
    .leftJoin('task', 'task.id', 'run.task_id');
}
