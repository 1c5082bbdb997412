/**
 * Fires the ticks of schedules. The task's row decides what is due: one transaction locks the row, starts the run and
 * advances `next_tick_at`. So each tick starts one run, however many processes check, and whichever of them dies. Jobs
 * only wake a process at the right time.
 */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import type { Events } from '../events/events.ts';
import { pollSeconds, type JobKind, type Jobs } from '../jobs/jobs.ts';
import type { PreparedRun, Runs } from '../runs/runs.ts';
import type { Workers } from '../workers/workers.ts';
import { scheduleOf } from './schedule-fields.ts';
import type { TickOutcome } from './schedule-kinds.ts';
import { dueTicks, nextTick, type DueTicks } from './schedule.ts';
import { selectTasks, type TaskRecord } from './task-record.ts';
import { prepareTaskRun, storeTaskRun } from './task-run.ts';

/** A tick fired later than this counts as missed. */
const onTimeMilliseconds = 5 * 60 * 1000;
/** How often a tick that waits for the end of a run checks for it. */
const queuedCheckSeconds = 5;
/** How often ticks that wait for space are tried again. */
const spaceCheckSeconds = 15;
/** Maximum number of tasks that a process fires concurrently; each takes a connection. */
const concurrency = 3;

/** Wakes one process at the time of a tick. `short` keeps one such job per time, however many tasks are due. */
export const wakeScheduler: JobKind<Record<string, never>> = {
  name: 'wake-scheduler',
  queue: {
    policy: 'short',
    retryLimit: 1000,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 60,
    expireInSeconds: 60,
    deleteAfterSeconds: 3600,
  },
};

export interface SchedulerOptions {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly workers: Workers;
  readonly runs: Runs;
  /** The zone for accounts without their own. */
  readonly timezone: string;
  readonly events: Events;
  /** The current time; the database's if omitted, because all processes share it. */
  readonly now?: () => Promise<Date>;
}

/** Changes to a task's row after handling its ticks. */
interface TickChanges {
  queuedTickAt: Date | null;
  nextTickAt: Date | null;
  lastTickAt: Date | null;
  outcome: TickOutcome | '';
  message: string;
  missedCount: number;
}

/** What to report about a task once its changes are stored. */
interface TickReport {
  /** Number of ticks missed since the last check. */
  missed: number;
  /** Why its run could not start. */
  failure: ChelaError | undefined;
}

interface Outcome {
  readonly outcome: TickOutcome;
  readonly message: string;
  readonly failure?: ChelaError;
}

export class Scheduler {
  readonly #options: SchedulerOptions;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  async now(): Promise<Date> {
    if (this.#options.now !== undefined) return this.#options.now();
    const { rows } = await this.#options.database.pool.query<{ now: Date }>(
      'SELECT clock_timestamp() AS now',
    );
    return rows[0]?.now ?? new Date();
  }

  timezoneOf(task: { readonly account_timezone: string | null }): string {
    return task.account_timezone ?? this.#options.timezone;
  }

  /** Fires what became due while no process was running, and recomputes ticks, because zone rules may have changed. */
  async catchUp(): Promise<void> {
    await this.realign();
    await this.#options.jobs.send(wakeScheduler, {}, { singletonKey: 'start' });
  }

  /**
   * Makes a process check at a given time. A job that is due within one poll interval is found on time; others are
   * found by a poll. So for a distant time the first check comes one poll early and requests the second.
   * @param client the transaction that requires it
   */
  async wakeAt(moment: Date, now: Date, client?: PoolClient): Promise<void> {
    const seconds = Math.max(0, Math.ceil((moment.getTime() - now.getTime()) / 1000));
    const isFar = seconds > pollSeconds;
    const startAfterSeconds = isFar ? seconds - pollSeconds : seconds;
    const singletonKey = `${isFar ? 'before' : 'at'} ${moment.toISOString()}`;
    await this.#options.jobs.send(wakeScheduler, {}, { client, startAfterSeconds, singletonKey });
  }

  /**
   * Fires everything that is due. Ticks whose runs cannot start because space is short stay due, and are tried again
   * later.
   * @throws the first error that is not the task's own; its tick stays due
   */
  async fireDue(): Promise<void> {
    const now = await this.now();
    const { rows } = await this.#options.database.pool.query<{ id: number }>(
      `SELECT id FROM task WHERE queued_tick_at IS NOT NULL
       UNION ALL
       (SELECT id FROM task WHERE next_tick_at <= $1 AND queued_tick_at IS NULL ORDER BY next_tick_at, id)`,
      [now],
    );
    const waiting = rows.values();
    const errors: unknown[] = [];
    let isSpaceShort = false;
    const fireAll = async () => {
      for (const { id } of waiting)
        await this.#fire(id, now).catch((error: unknown) => {
          if (isNoSpace(error)) isSpaceShort = true;
          else errors.push(error);
        });
    };
    await Promise.all(Array.from({ length: concurrency }, fireAll));
    await this.#lookAhead(now);
    if (errors.length > 0) throw errors[0];
    if (isSpaceShort) {
      // One later check serves all of them.
      const look = { startAfterSeconds: spaceCheckSeconds, singletonKey: 'space' };
      await this.#options.jobs.send(wakeScheduler, {}, look);
    }
  }

  async #lookAhead(now: Date): Promise<void> {
    const { rows } = await this.#options.database.pool.query<{ moment: Date }>(
      'SELECT DISTINCT next_tick_at AS moment FROM task WHERE next_tick_at > $1 AND next_tick_at <= $2',
      [now, new Date(now.getTime() + pollSeconds * 1000)],
    );
    for (const { moment } of rows) await this.wakeAt(moment, now);
  }

  /** Recomputes upcoming ticks after the zone of an account or the rules of a zone have changed. */
  async realign(accountId?: number): Promise<void> {
    const { database } = this.#options;
    const now = await this.now();
    let coming = selectTasks(database.sql).where('task.next_tick_at', '>', now);
    if (accountId !== undefined) coming = coming.where('task.account_id', '=', accountId);
    for (const task of await coming.execute()) {
      const schedule = scheduleOf(task, this.timezoneOf(task));
      const next = schedule && nextTick(schedule, latest(now, task.last_tick_at));
      if (next === undefined || next.getTime() === task.next_tick_at?.getTime()) continue;
      const { rowCount } = await database.pool.query(
        'UPDATE task SET next_tick_at = $2 WHERE id = $1 AND next_tick_at = $3',
        [task.id, next, task.next_tick_at],
      );
      if (rowCount === 1) await this.wakeAt(next, now);
    }
  }

  async #fire(taskId: number, now: Date): Promise<void> {
    for (;;) {
      const task = await selectTasks(this.#options.database.sql)
        .where('task.id', '=', taskId)
        .executeTakeFirst();
      if (task === undefined || !isDue(task, now)) return;
      const prepared = await this.#prepare(task);
      const tickReport = await this.#options.database.transaction(async (client) =>
        (await lockUnchanged(client, task)) ? this.#fireTicks(client, task, prepared, now) : undefined,
      );
      if (tickReport === undefined) continue;
      this.#tell(task, tickReport);
      return;
    }
  }

  #tell(
    { slug: task, next_tick_at: from, schedule_missed: policy }: TaskRecord,
    { missed, failure }: TickReport,
  ): void {
    const { events } = this.#options;
    if (missed > 0) events.emit('schedule:missed', { task, missed, from, policy });
    if (failure !== undefined) {
      events.emit('schedule:failed', { task, code: failure.key, reason: failure.message });
    }
  }

  async #prepare(task: TaskRecord): Promise<PreparedRun | ChelaError> {
    try {
      return await prepareTaskRun(this.#options, task, { origin: 'schedule' });
    } catch (error) {
      if (error instanceof ChelaError) return error;
      throw error;
    }
  }

  async #fireTicks(
    client: PoolClient,
    task: TaskRecord,
    prepared: PreparedRun | ChelaError,
    now: Date,
  ): Promise<TickReport> {
    const changes: TickChanges & TickReport = {
      queuedTickAt: task.queued_tick_at,
      nextTickAt: task.next_tick_at,
      lastTickAt: task.last_tick_at,
      outcome: task.last_tick_outcome,
      message: task.last_tick_message,
      missedCount: task.missed_count,
      missed: 0,
      failure: undefined,
    };
    if (task.queued_tick_at !== null && (await unfinishedRun(client, task.id)) === undefined) {
      Object.assign(changes, await this.#start(client, task, prepared, task.queued_tick_at));
      changes.queuedTickAt = null;
    }
    const schedule = scheduleOf(task, this.timezoneOf(task));
    if (schedule !== undefined && task.next_tick_at !== null && task.next_tick_at <= now) {
      const due = dueTicks(schedule, task.next_tick_at, now);
      changes.nextTickAt = due.next ?? null;
      changes.lastTickAt = due.latest;
      await this.#fireNewest(client, task, prepared, { due, now, changes });
    }
    await storeChanges(client, task.id, changes);
    if (changes.nextTickAt !== null) await this.wakeAt(changes.nextTickAt, now, client);
    if (changes.queuedTickAt !== null) {
      // One later check serves all waiting ticks.
      const look = { client, startAfterSeconds: queuedCheckSeconds, singletonKey: 'queued' };
      await this.#options.jobs.send(wakeScheduler, {}, look);
    }
    return changes;
  }

  /** Handles the latest due tick; earlier ones were missed. */
  async #fireNewest(
    client: PoolClient,
    task: TaskRecord,
    prepared: PreparedRun | ChelaError,
    { due, now, changes }: { due: DueTicks; now: Date; changes: TickChanges & TickReport },
  ): Promise<void> {
    const isOnTime = now.getTime() - due.latest.getTime() <= onTimeMilliseconds;
    const missed = isOnTime ? due.count - 1 : due.count;
    changes.missedCount += missed;
    changes.missed = missed;
    const told =
      missed === 0 ? '' : `${missed} ${missed === 1 ? 'scheduled time was' : 'scheduled times were'} missed`;
    if (!isOnTime && task.schedule_missed === 'skip') {
      Object.assign(changes, { outcome: 'missed', message: told });
      return;
    }
    const { message, ...rest } = await this.#startOrWait(client, task, prepared, { due, changes });
    Object.assign(changes, { ...rest, message: [told, message].filter((part) => part !== '').join('; ') });
  }

  async #startOrWait(
    client: PoolClient,
    task: TaskRecord,
    prepared: PreparedRun | ChelaError,
    { due, changes }: { due: DueTicks; changes: TickChanges },
  ): Promise<Outcome> {
    if (task.schedule_overlap !== 'allow') {
      const unfinished = await unfinishedRun(client, task.id);
      const isNext = task.schedule_overlap === 'queue' && changes.queuedTickAt === null;
      if (unfinished !== undefined && isNext) {
        changes.queuedTickAt = due.latest;
        return { outcome: 'queued', message: `a run starts when run ${unfinished} has ended` };
      }
      if (unfinished !== undefined) {
        const others =
          changes.queuedTickAt === null ? '' : ', and an earlier scheduled time is already queued';
        return { outcome: 'skipped', message: `run ${unfinished} of the task has not ended${others}` };
      }
    }
    return this.#start(client, task, prepared, due.latest);
  }

  async #start(
    client: PoolClient,
    task: TaskRecord,
    prepared: PreparedRun | ChelaError,
    tick: Date,
  ): Promise<Outcome> {
    if (prepared instanceof ChelaError) return failed(prepared);
    await client.query('SAVEPOINT before_run');
    try {
      await storeTaskRun(client, this.#options.runs, task.id, prepared, tick);
      return { outcome: 'started', message: '' };
    } catch (error) {
      // Space is the installation's, not the task's: the tick stays due until there is some, or counts as missed.
      if (!(error instanceof ChelaError) || isNoSpace(error)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT before_run');
      return failed(error);
    }
  }
}

function isNoSpace(error: unknown): boolean {
  return error instanceof ChelaError && error.key === 'NO_SPACE';
}

function failed(failure: ChelaError): Outcome {
  return { outcome: 'failed', message: failure.message, failure };
}

export function latest(moment: Date, other: Date | null): Date {
  return other !== null && other > moment ? other : moment;
}

function isDue(task: TaskRecord, now: Date): boolean {
  return task.queued_tick_at !== null || (task.next_tick_at !== null && task.next_tick_at <= now);
}

/** @returns whether the row is still as it was read; it is then locked until the end of the transaction */
async function lockUnchanged(client: PoolClient, task: TaskRecord): Promise<boolean> {
  const { rows } = await client.query<Pick<TaskRecord, 'next_tick_at' | 'queued_tick_at' | 'updated_at'>>(
    'SELECT next_tick_at, queued_tick_at, updated_at FROM task WHERE id = $1 FOR NO KEY UPDATE',
    [task.id],
  );
  const [row] = rows;
  return (
    row !== undefined &&
    row.next_tick_at?.getTime() === task.next_tick_at?.getTime() &&
    row.queued_tick_at?.getTime() === task.queued_tick_at?.getTime() &&
    row.updated_at.getTime() === task.updated_at.getTime()
  );
}

/** @returns the slug of the newest run of a task that has not ended */
async function unfinishedRun(client: PoolClient, taskId: number): Promise<string | undefined> {
  const { rows } = await client.query<{ slug: string }>(
    `SELECT slug FROM run WHERE task_id = $1 AND status IN ('ready', 'running', 'aborting')
     ORDER BY id DESC LIMIT 1`,
    [taskId],
  );
  return rows[0]?.slug;
}

/** Disables a schedule that has no upcoming and no waiting tick. */
async function storeChanges(client: PoolClient, taskId: number, changes: TickChanges): Promise<void> {
  await client.query(
    `UPDATE task SET next_tick_at = $2, queued_tick_at = $3, last_tick_at = $4, last_tick_outcome = $5,
       last_tick_message = $6, missed_count = $7,
       schedule_enabled = $2::timestamptz IS NOT NULL OR $3::timestamptz IS NOT NULL
     WHERE id = $1`,
    [
      taskId,
      changes.nextTickAt,
      changes.queuedTickAt,
      changes.lastTickAt,
      changes.outcome,
      changes.message,
      changes.missedCount,
    ],
  );
}
