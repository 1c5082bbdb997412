/** The upcoming scheduled times of an account ("ticks"), and which of them overlap. */
import type { Database } from '../database/database.ts';
import { invalidArgument } from '../errors.ts';
import { scheduleOf } from './schedule-fields.ts';
import { ticksBetween } from './schedule.ts';
import { selectTasks, type TaskRecord } from './task-record.ts';

export const maxWindowDays = 62;
const dayMilliseconds = 24 * 3600 * 1000;

export interface ComingTick {
  readonly at: Date;
  readonly task: TaskRecord;
  /** The zone of the schedule. */
  readonly timezone: string;
  /** Number of other tasks scheduled for the same minute. */
  readonly clashes: number;
  /** Whether more tasks start in that minute than the plan allows at a time. */
  readonly exceedsPlan: boolean;
}

interface TickQuery {
  /** The zone for schedules without their own. */
  readonly timezone: string;
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
  /** Maximum number of ticks. */
  readonly limit: number;
  /** Maximum number of concurrent runs of the plan; undefined for no limit. */
  readonly concurrentRuns: number | undefined;
}

/**
 * Earliest first.
 * @returns the ticks and their total number
 * @throws ChelaError INVALID_ARGUMENT for a period that ends before it begins, or is too long
 */
export async function comingTicks(
  database: Database,
  accountId: number,
  { timezone: accountTimezone, from, to, limit, concurrentRuns }: TickQuery,
): Promise<{ count: number; list: ComingTick[] }> {
  if (from >= to) throw invalidArgument('from must be before to');
  if (to.getTime() - from.getTime() > maxWindowDays * dayMilliseconds) {
    throw invalidArgument(`from and to must be at most ${maxWindowDays} days apart`);
  }
  const tasks = await selectTasks(database.sql)
    .where('task.account_id', '=', accountId)
    .where('task.schedule_enabled', '=', true)
    .orderBy('task.id')
    .execute();
  const ticks = tasks.flatMap((task) => {
    const timezone = task.schedule_timezone ?? accountTimezone;
    const schedule = scheduleOf(task, accountTimezone);
    if (schedule === undefined || task.next_tick_at === null) return [];
    return ticksBetween(schedule, later(from, task.next_tick_at), to).map((at) => ({ at, task, timezone }));
  });
  // Schedules have a resolution of minutes, so ticks in the same minute have the same time.
  const perMoment = Map.groupBy(ticks, ({ at }) => at.getTime());
  const sorted = ticks.toSorted((left, right) => left.at.getTime() - right.at.getTime());
  const list = sorted.slice(0, limit).map((tick) => {
    const together = perMoment.get(tick.at.getTime())?.length ?? 1;
    return {
      ...tick,
      clashes: together - 1,
      exceedsPlan: concurrentRuns !== undefined && together > concurrentRuns,
    };
  });
  return { count: ticks.length, list };
}

/** Excludes ticks before the next one that the scheduler will fire. */
function later(moment: Date, other: Date): Date {
  return moment > other ? moment : other;
}
