/**
 * When a schedule fires, as pure functions of the schedule and a moment. A schedule names a time of the clock on the wall of
 * its zone, so a few rules are needed for the days on which that clock is put forward or back:
 *
 * - a time that the clock leaves out is the first moment after the gap;
 * - a time that the clock shows twice is the first of both;
 * - a day that a month does not have is the month's last day.
 */
import { Temporal } from 'temporal-polyfill';
import { scheduleTypes } from './schedule-kinds.ts';

export type Recurrence =
  | { readonly type: typeof scheduleTypes.daily }
  /** `weekday` 1 Monday to 7 Sunday. */
  | { readonly type: typeof scheduleTypes.weekly; readonly weekday: number }
  /** `day` 1 to 31. */
  | { readonly type: typeof scheduleTypes.monthly; readonly day: number }
  /** `date` YYYY-MM-DD. */
  | { readonly type: typeof scheduleTypes.once; readonly date: string };

export type Schedule = Recurrence & {
  /** HH:mm. */
  readonly time: string;
  /** IANA name. */
  readonly timezone: string;
};

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    Temporal.PlainDate.from(text);
    return true;
  } catch {
    return false;
  }
}

/** The moment a zone's clock shows a time, by the rules above. */
function momentOf(wallTime: Temporal.PlainDateTime, timezone: string): number {
  const earlier = wallTime.toZonedDateTime(timezone, { disambiguation: 'earlier' });
  if (earlier.toPlainDateTime().equals(wallTime)) return earlier.epochMilliseconds;
  // Where the clock leaves the time out, Temporal's earlier reading of it lies before the gap.
  const afterGap = earlier.getTimeZoneTransition('next');
  return (afterGap ?? earlier).epochMilliseconds;
}

/** The days a schedule means, in order, from a day on. */
function* daysFrom(schedule: Schedule, first: Temporal.PlainDate): Generator<Temporal.PlainDate, void> {
  switch (schedule.type) {
    case scheduleTypes.daily:
      for (let day = first; ; day = day.add({ days: 1 })) yield day;
    case scheduleTypes.weekly: {
      const start = first.add({ days: (schedule.weekday - first.dayOfWeek + 7) % 7 });
      for (let day = start; ; day = day.add({ weeks: 1 })) yield day;
    }
    case scheduleTypes.monthly: {
      const firstMonth = first.toPlainYearMonth();
      for (let month = firstMonth; ; month = month.add({ months: 1 })) {
        yield month.toPlainDate({ day: Math.min(schedule.day, month.daysInMonth) });
      }
    }
    case scheduleTypes.once:
      yield Temporal.PlainDate.from(schedule.date);
      return;
    default:
      schedule satisfies never;
  }
}

/** The ticks of a schedule after a moment, in order; each counts once, also where a gap moves two to one moment. */
function* ticksAfter(schedule: Schedule, after: Date): Generator<Date, void> {
  const time = Temporal.PlainTime.from(schedule.time);
  const local = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(schedule.timezone);
  let last = after.getTime();
  // A tick of the day before may have been moved past midnight by a gap.
  for (const day of daysFrom(schedule, local.toPlainDate().subtract({ days: 1 }))) {
    const moment = momentOf(day.toPlainDateTime(time), schedule.timezone);
    if (moment <= last) continue;
    yield new Date(moment);
    last = moment;
  }
}

/** @returns the first tick after a moment; undefined if there is none any more */
export function nextTick(schedule: Schedule, after: Date): Date | undefined {
  const [next] = ticksAfter(schedule, after);
  return next;
}

/** @returns the ticks from a moment on, before another, in order */
export function ticksBetween(schedule: Schedule, from: Date, to: Date): Date[] {
  const ticks: Date[] = [];
  for (const tick of ticksAfter(schedule, new Date(from.getTime() - 1))) {
    if (tick >= to) break;
    ticks.push(tick);
  }
  return ticks;
}

export interface DueTicks {
  /** The newest tick that is due. */
  readonly latest: Date;
  /** How many are due, the newest included. */
  readonly count: number;
  /** The first that is not due yet. */
  readonly next: Date | undefined;
}

/**
 * All that is due of a schedule.
 * @param first the oldest tick that was not dealt with yet; not after `now`
 */
export function dueTicks(schedule: Schedule, first: Date, now: Date): DueTicks {
  let latest = first;
  let count = 1;
  for (const tick of ticksAfter(schedule, first)) {
    if (tick > now) return { latest, count, next: tick };
    latest = tick;
    count += 1;
  }
  return { latest, count, next: undefined };
}
