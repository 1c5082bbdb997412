/** The façade of saved tasks: a worker with an input, started by hand or by a schedule. */
import { sql } from 'kysely';
import type { Idempotency, Page, Runs, SubmittedRun } from '../runs/runs.ts';
import { ulid } from 'ulid';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { stringifyJson } from '../json/lossless-json.ts';
import { type Workers, splitWorkerPath } from '../workers/workers.ts';
import { comingTicks, type ComingTick } from './coming-ticks.ts';
import {
  applySchedule,
  firstTick,
  namesSchedule,
  noSchedule,
  scheduleOf,
  type ScheduleColumns,
  type ScheduleFields,
} from './schedule-fields.ts';
import { latest, Scheduler } from './scheduler.ts';
import { nextTicks } from './schedule.ts';
import { joinTasks, selectTasks, type TaskRecord } from './task-record.ts';
import { findTaskWorker, prepareTaskRun, storeTaskRun } from './task-run.ts';
import { isTimezone } from '../time/timezone.ts';

export { scheduleTypes } from './schedule-kinds.ts';
export { wakeScheduler } from './scheduler.ts';

export type { TaskRecord } from './task-record.ts';
export type { ComingTick } from './coming-ticks.ts';
export { maxWindowDays } from './coming-ticks.ts';
export type { ScheduleFields } from './schedule-fields.ts';

/** Fields that affect the times of the schedule. */
const timing = [
  'schedule_enabled',
  'schedule_type',
  'schedule_time',
  'schedule_weekday',
  'schedule_day',
  'schedule_once_date',
  'schedule_timezone',
] as const satisfies (keyof ScheduleColumns)[];

/** Follows the worker: each run uses the version that is current when it starts. */
const latestVersion = 'latest';

const weekMilliseconds = 7 * 24 * 3600 * 1000;

export interface NewTask extends ScheduleFields {
  /** Slug or `owner~name`. */
  readonly worker_id: string;
  readonly title: string;
  readonly description?: string;
  /** As returned by `parseJson`. */
  readonly input: unknown;
  /** Callback URL of its runs; `''` or omitted for that of the account. The caller has checked it. */
  readonly callback_url?: string;
  readonly version?: string;
}

/** Omitted fields keep their values. */
export interface TaskChanges extends ScheduleFields {
  readonly title?: string;
  readonly description?: string;
  /** `''` for that of the account. The caller has checked it. */
  readonly callback_url?: string;
}

export interface TaskFilter {
  /** Slug or `owner~name` of a worker. */
  readonly workerId?: string;
  /** Part of the title or slug; case is ignored. */
  readonly keyword?: string;
  /** Only tasks with, or without, an enabled schedule. */
  readonly isScheduled?: boolean;
  /** Newest first if omitted. */
  readonly sort?: TaskSort;
  /** Smallest or oldest first. */
  readonly ascending?: boolean;
}

const sortColumns = {
  created_at: sql`task.id`,
  title: sql`lower(task.title)`,
  next_at: sql`task.next_tick_at`,
  runs: sql`task.run_count`,
} as const;
export type TaskSort = keyof typeof sortColumns;
export const taskSorts = Object.keys(sortColumns) as TaskSort[];

interface TasksOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly workers: Workers;
  readonly runs: Runs;
  readonly config: Pick<Config, 'timezone' | 'taskLimit'>;
  readonly events: Events;
  /** The current time; the database's if omitted, because all processes share it. */
  readonly now?: () => Promise<Date>;
}

export class Tasks {
  readonly scheduler: Scheduler;
  readonly #database: Database;
  readonly #workers: Workers;
  readonly #runs: Runs;
  readonly #config: TasksOptions['config'];

  constructor(options: TasksOptions) {
    this.#database = options.database;
    this.#workers = options.workers;
    this.#runs = options.runs;
    this.#config = options.config;
    this.scheduler = new Scheduler({ ...options, timezone: options.config.timezone });
  }

  /** @throws ChelaError NOT_FOUND if this account has no such task */
  async get(accountId: number, slug: string): Promise<TaskRecord> {
    const task = await selectTasks(this.#database.sql)
      .where('task.slug', '=', slug)
      .where('task.account_id', '=', accountId)
      .executeTakeFirst();
    if (task === undefined) throw new ChelaError('NOT_FOUND', `task ${slug} does not exist`);
    return task;
  }

  /** Newest first unless the filter says otherwise. */
  async list(
    accountId: number,
    { workerId, keyword, isScheduled, sort = 'created_at', ascending = false }: TaskFilter,
    page: Page,
  ): Promise<{ count: number; list: TaskRecord[] }> {
    const pattern = `%${(keyword ?? '').replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    const path = workerId === undefined ? undefined : splitWorkerPath(workerId);
    const conditions = sql<boolean>`task.account_id = ${accountId}
      AND (${keyword === undefined} OR task.title ILIKE ${pattern} OR task.slug ILIKE ${pattern})
      AND (${isScheduled === undefined} OR task.schedule_enabled = ${isScheduled ?? false})
      AND (${workerId === undefined} OR task.worker_slug = ${workerId ?? ''}
           OR (owner.name = ${path?.owner ?? ''} AND worker.name = ${path?.name ?? ''}))`;
    const { count } = await joinTasks(this.#database.sql)
      .where(conditions)
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const list = await selectTasks(this.#database.sql)
      .where(conditions)
      .orderBy(sql`${sortColumns[sort]} ${sql.raw(ascending ? 'ASC' : 'DESC')} NULLS LAST`)
      .orderBy('task.id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list };
  }

  /**
   * @returns the slug of the new task
   * @throws ChelaError for an invalid worker, version, input or schedule
   */
  async create(accountId: number, task: NewTask): Promise<string> {
    const worker = await this.#workers.get(accountId, task.worker_id);
    const { version, input } = await this.#checkInput(accountId, worker.slug, task);
    const columns = applySchedule(noSchedule, task);
    const now = await this.scheduler.now();
    const timezone = await this.timezone(accountId);
    const next = firstTick(columns, timezone, now);
    await this.#checkLimit(accountId);
    const slug = ulid();
    await this.#database.sql
      .insertInto('task')
      .values({
        slug,
        account_id: accountId,
        worker_id: worker.id,
        worker_slug: worker.slug,
        title: task.title,
        description: task.description ?? '',
        version,
        input,
        callback_url: task.callback_url || null,
        ...columns,
        next_tick_at: next ?? null,
        queued_tick_at: null,
        last_tick_at: null,
      })
      .execute();
    if (next !== undefined) await this.scheduler.wakeAt(next, now);
    return slug;
  }

  /** @throws ChelaError NOT_FOUND, or for an invalid schedule */
  async update(accountId: number, slug: string, changes: TaskChanges): Promise<void> {
    const now = await this.scheduler.now();
    const timezone = await this.timezone(accountId);
    await this.#database.transaction(async (client) => {
      const { rows } = await client.query<
        ScheduleColumns & { next_tick_at: Date | null; last_tick_at: Date | null }
      >(
        `UPDATE task SET title = coalesce($3, title), description = coalesce($4, description), updated_at = now(),
           callback_url = nullif(coalesce($5, callback_url), '')
         WHERE slug = $1 AND account_id = $2
         RETURNING schedule_enabled, schedule_type, schedule_time, schedule_weekday, schedule_day, schedule_once_date,
           schedule_timezone, schedule_overlap, schedule_missed, next_tick_at, last_tick_at`,
        [slug, accountId, changes.title, changes.description, changes.callback_url],
      );
      const [stored] = rows;
      if (stored === undefined) throw new ChelaError('NOT_FOUND', `task ${slug} does not exist`);
      if (!namesSchedule(changes)) return;
      const columns = applySchedule(stored, changes);
      const isMoved = timing.some((name) => columns[name] !== stored[name]);
      const next = isMoved
        ? firstTick(columns, timezone, latest(now, stored.last_tick_at))
        : stored.next_tick_at;
      await client.query(
        `UPDATE task SET schedule_enabled = $2, schedule_type = $3, schedule_time = $4, schedule_weekday = $5,
           schedule_day = $6, schedule_once_date = $7, schedule_timezone = $8, schedule_overlap = $9,
           schedule_missed = $10, next_tick_at = $11,
           queued_tick_at = CASE WHEN $2 AND $9 = 'queue' THEN queued_tick_at END
         WHERE slug = $1`,
        [
          slug,
          columns.schedule_enabled,
          columns.schedule_type,
          columns.schedule_time,
          columns.schedule_weekday,
          columns.schedule_day,
          columns.schedule_once_date,
          columns.schedule_timezone,
          columns.schedule_overlap,
          columns.schedule_missed,
          next ?? null,
        ],
      );
      if (isMoved && next) await this.scheduler.wakeAt(next, now, client);
    });
  }

  /** @throws ChelaError NOT_FOUND, TASK_NOT_FOUND if its worker is gone, or for an input that cannot run */
  async updateInput(
    accountId: number,
    slug: string,
    changes: { input: unknown; version?: string },
  ): Promise<void> {
    const task = await this.get(accountId, slug);
    const worker = await findTaskWorker(this.#workers, task);
    const { version, input } = await this.#checkInput(accountId, worker.slug, {
      input: changes.input,
      version: changes.version ?? task.version,
    });
    const { rowCount } = await this.#database.pool.query(
      'UPDATE task SET input = $2, version = $3, updated_at = now() WHERE id = $1',
      [task.id, input, version],
    );
    if (rowCount !== 1) throw new ChelaError('NOT_FOUND', `task ${slug} was deleted in the meantime`);
  }

  /** Deletes a task but keeps its runs. @throws ChelaError NOT_FOUND */
  async delete(accountId: number, slug: string): Promise<void> {
    const { rowCount } = await this.#database.pool.query(
      'DELETE FROM task WHERE slug = $1 AND account_id = $2',
      [slug, accountId],
    );
    if (rowCount !== 1) throw new ChelaError('NOT_FOUND', `task ${slug} does not exist`);
  }

  /** @throws ChelaError if there is no such task, or it cannot run; in that case no run is created */
  async run(
    accountId: number,
    slug: string,
    options: { callbackUrl?: string; idempotency?: Idempotency; labels?: readonly string[] } = {},
  ): Promise<SubmittedRun> {
    const task = await this.get(accountId, slug);
    const services = { workers: this.#workers, runs: this.#runs };
    const prepared = await prepareTaskRun(services, task, { origin: 'task', ...options });
    return this.#database.transaction(async (client) => {
      const { rowCount } = await client.query('SELECT FROM task WHERE id = $1 FOR NO KEY UPDATE', [task.id]);
      if (rowCount !== 1) throw new ChelaError('NOT_FOUND', `task ${slug} was deleted in the meantime`);
      return storeTaskRun(client, this.#runs, task.id, prepared);
    });
  }

  /**
   * Upcoming ticks of the account's schedules, earliest first, with overlaps.
   * @param plan plan of the account
   */
  async ticks(
    accountId: number,
    range: { from?: Date; to?: Date; limit: number; plan: { concurrentRuns?: number | undefined } },
  ): Promise<{ count: number; list: ComingTick[] }> {
    const from = range.from ?? (await this.scheduler.now());
    return comingTicks(this.#database, accountId, {
      from,
      to: range.to ?? new Date(from.getTime() + weekMilliseconds),
      limit: range.limit,
      timezone: await this.timezone(accountId),
      concurrentRuns: range.plan.concurrentRuns,
    });
  }

  /**
   * The next ticks of a schedule that is not stored.
   * @returns at most `count` of them, and the zone of the schedule
   * @throws ChelaError for an invalid or incomplete schedule, or one that would never fire
   */
  async preview(
    accountId: number,
    fields: ScheduleFields,
    count: number,
  ): Promise<{ timezone: string; ticks: Date[] }> {
    const columns = applySchedule(noSchedule, { ...fields, schedule_enabled: 1 });
    const accountTimezone = await this.timezone(accountId);
    const now = await this.scheduler.now();
    firstTick(columns, accountTimezone, now);
    const schedule = scheduleOf(columns, accountTimezone);
    return {
      timezone: columns.schedule_timezone ?? accountTimezone,
      ticks: schedule === undefined ? [] : nextTicks(schedule, now, count),
    };
  }

  /** The zone for those of the account's schedules that have none of their own. */
  async timezone(accountId: number): Promise<string> {
    const { timezone } = await this.#database.sql
      .selectFrom('account')
      .select('timezone')
      .where('id', '=', accountId)
      .executeTakeFirstOrThrow();
    return timezone ?? this.#config.timezone;
  }

  /**
   * Sets the zone for the account's schedules that have none of their own, and moves their upcoming ticks.
   * @param timezone empty for the installation's zone
   * @throws ChelaError INVALID_SHAPE if it is not a zone
   */
  async setTimezone(accountId: number, timezone: string): Promise<void> {
    if (timezone !== '' && !isTimezone(timezone)) {
      throw new ChelaError(
        'INVALID_SHAPE',
        'timezone must be the IANA name of a time zone, such as Europe/Berlin or UTC',
      );
    }
    await this.#database.pool.query('UPDATE account SET timezone = $2 WHERE id = $1', [
      accountId,
      timezone === '' ? null : timezone,
    ]);
    await this.scheduler.realign(accountId);
  }

  /** A task is stored only if it can run, so that its schedule does not fail at night. */
  async #checkInput(
    accountId: number,
    workerId: string,
    { input, version }: { input: unknown; version?: string },
  ): Promise<{ version: string; input: string }> {
    const wanted = version?.trim() ?? '';
    const prepared = await this.#runs.prepare({
      accountId,
      workerId,
      version: wanted,
      input,
      origin: 'task',
    });
    const isLatest = wanted === '' || wanted === latestVersion;
    return { version: isLatest ? latestVersion : prepared.version, input: stringifyJson(input) };
  }

  async #checkLimit(accountId: number): Promise<void> {
    const { rows } = await this.#database.pool.query<{ count: number }>(
      'SELECT count(*) AS count FROM task WHERE account_id = $1',
      [accountId],
    );
    const limit = this.#config.taskLimit;
    if ((rows[0]?.count ?? 0) >= limit) {
      throw invalidArgument(
        `the account has reached the limit of ${limit} tasks: delete one that is not needed`,
      );
    }
  }
}
