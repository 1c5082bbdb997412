/**
 * When a schedule fires, as pure functions of the schedule and a time. A schedule is in local time, so it needs rules
 * for days on which clocks change, and for short months:
 *
 * - a local time that is skipped becomes the first time after the gap;
 * - of a local time that occurs twice, the first is used;
 * - a day that a month does not have becomes the month's last day.
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

/** Converts a local time in a zone, by the rules above. */
function momentOf(wallTime: Temporal.PlainDateTime, timezone: string): number {
  const earlier = wallTime.toZonedDateTime(timezone, { disambiguation: 'earlier' });
  if (earlier.toPlainDateTime().equals(wallTime)) return earlier.epochMilliseconds;
  // For a skipped local time, Temporal's earlier reading is before the gap.
  const afterGap = earlier.getTimeZoneTransition('next');
  return (afterGap ?? earlier).epochMilliseconds;
}

/** The days of a schedule in order, starting with a given day. */
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

/** The ticks of a schedule after a time, in order. Each counts once, even if a gap moves two to the same time. */
function* ticksAfter(schedule: Schedule, after: Date): Generator<Date, void> {
  const time = Temporal.PlainTime.from(schedule.time);
  const local = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(schedule.timezone);
  let last = after.getTime();
  // A gap may have moved a tick of the day before past midnight.
  for (const day of daysFrom(schedule, local.toPlainDate().subtract({ days: 1 }))) {
    const moment = momentOf(day.toPlainDateTime(time), schedule.timezone);
    if (moment <= last) continue;
    yield new Date(moment);
    last = moment;
  }
}

/** @returns the first tick after a time; undefined if there are no more */
export function nextTick(schedule: Schedule, after: Date): Date | undefined {
  const [next] = ticksAfter(schedule, after);
  return next;
}

/** @returns at most `count` ticks after a time, in order */
export function nextTicks(schedule: Schedule, after: Date, count: number): Date[] {
  return ticksAfter(schedule, after).take(count).toArray();
}

/** @returns the ticks between two times, in order; `from` is included */
export function ticksBetween(schedule: Schedule, from: Date, to: Date): Date[] {
  const ticks: Date[] = [];
  for (const tick of ticksAfter(schedule, new Date(from.getTime() - 1))) {
    if (tick >= to) break;
    ticks.push(tick);
  }
  return ticks;
}

export interface DueTicks {
  /** The latest due tick. */
  readonly latest: Date;
  /** Number of due ticks, including the latest. */
  readonly count: number;
  /** The first tick that is not due yet. */
  readonly next: Date | undefined;
}

/**
 * All due ticks of a schedule.
 * @param first the oldest tick that has not been handled; not after `now`
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
