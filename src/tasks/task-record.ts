/** Tasks in the database, with the names of their workers. */
import type { Kysely } from 'kysely';
import type { Tables } from '../database/database.ts';
import type { ScheduleColumns } from './schedule-fields.ts';
import type { TickOutcome } from './schedule-kinds.ts';

export interface TaskRecord extends ScheduleColumns {
  readonly id: number;
  readonly slug: string;
  readonly account_id: number;
  readonly worker_slug: string;
  readonly title: string;
  readonly description: string;
  /** `v1.0.1`, or `latest`. */
  readonly version: string;
  /** JSON text. */
  readonly input: string;
  /** null for that of the account. */
  readonly callback_url: string | null;
  readonly run_count: number;
  /** Empty before the first run. */
  readonly last_run_slug: string;
  readonly next_tick_at: Date | null;
  readonly queued_tick_at: Date | null;
  readonly last_tick_at: Date | null;
  readonly last_tick_outcome: TickOutcome | '';
  readonly last_tick_message: string;
  readonly missed_count: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Null if the account has none of its own. */
  readonly account_timezone: string | null;
  /** Owner, name and title of the worker; null if it was deleted or the account can no longer see it. */
  readonly worker_owner: string | null;
  readonly worker_name: string | null;
  readonly worker_title: string | null;
}

const taskColumns = [
  'task.id',
  'task.slug',
  'task.account_id',
  'task.worker_slug',
  'task.title',
  'task.description',
  'task.version',
  'task.input',
  'task.callback_url',
  'task.run_count',
  'task.last_run_slug',
  'task.schedule_enabled',
  'task.schedule_type',
  'task.schedule_time',
  'task.schedule_weekday',
  'task.schedule_day',
  'task.schedule_once_date',
  'task.schedule_timezone',
  'task.schedule_overlap',
  'task.schedule_missed',
  'task.next_tick_at',
  'task.queued_tick_at',
  'task.last_tick_at',
  'task.last_tick_outcome',
  'task.last_tick_message',
  'task.missed_count',
  'task.created_at',
  'task.updated_at',
  'account.timezone as account_timezone',
  'owner.name as worker_owner',
  'worker.name as worker_name',
  'worker.title as worker_title',
] as const;

/** Joins tasks with their account and, if the account can see it, the worker. */
export function joinTasks(database: Kysely<Tables>) {
  return database
    .selectFrom('task')
    .innerJoin('account', 'account.id', 'task.account_id')
    .leftJoin('worker', (join) =>
      join
        .onRef('worker.id', '=', 'task.worker_id')
        .on((expression) =>
          expression.or([
            expression('worker.is_public', '=', true),
            expression('worker.account_id', '=', expression.ref('task.account_id')),
          ]),
        ),
    )
    .leftJoin('account as owner', 'owner.id', 'worker.account_id');
}

export function selectTasks(database: Kysely<Tables>) {
  return joinTasks(database).select(taskColumns);
}
