/** The schedule of a task in requests, and its checks. */
import { ChelaError, invalidArgument } from '../errors.ts';
import { scheduleTypes, type MissedPolicy, type OverlapPolicy, type ScheduleType } from './schedule-kinds.ts';
import { isDate, nextTick, type Schedule } from './schedule.ts';
import { isTimezone } from '../time/timezone.ts';

/** The schedule's fields in a request. Omitted fields keep their values; an empty text removes a value. */
export interface ScheduleFields {
  readonly schedule_enabled?: 0 | 1;
  readonly schedule_type?: ScheduleType;
  /** HH:mm. */
  readonly schedule_time?: string;
  /** 1 Monday to 7 Sunday. */
  readonly schedule_weekday?: number;
  readonly schedule_day?: number;
  /** YYYY-MM-DD. */
  readonly schedule_once_date?: string;
  /** IANA name; empty for the account's zone. */
  readonly schedule_timezone?: string;
  readonly schedule_overlap?: OverlapPolicy;
  readonly schedule_missed?: MissedPolicy;
}

/** The columns of a task's schedule. */
export interface ScheduleColumns {
  readonly schedule_enabled: boolean;
  readonly schedule_type: ScheduleType | null;
  readonly schedule_time: string | null;
  readonly schedule_weekday: number | null;
  readonly schedule_day: number | null;
  readonly schedule_once_date: string | null;
  readonly schedule_timezone: string | null;
  readonly schedule_overlap: OverlapPolicy;
  readonly schedule_missed: MissedPolicy;
}

export const noSchedule: ScheduleColumns = {
  schedule_enabled: false,
  schedule_type: null,
  schedule_time: null,
  schedule_weekday: null,
  schedule_day: null,
  schedule_once_date: null,
  schedule_timezone: null,
  schedule_overlap: 'skip',
  schedule_missed: 'run_once',
};

/** Whether a request contains fields of the schedule. */
export function namesSchedule(fields: ScheduleFields): boolean {
  return Object.keys(noSchedule).some((name) => fields[name as keyof ScheduleFields] !== undefined);
}

function checkTexts({
  schedule_time: time,
  schedule_once_date: date,
  schedule_timezone: zone,
}: ScheduleFields): void {
  const problems: string[] = [];
  if (time && !/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) {
    problems.push('schedule_time must be HH:mm from 00:00 to 23:59, such as 09:30');
  }
  if (date && !isDate(date)) problems.push('schedule_once_date must be a valid date as YYYY-MM-DD');
  if (zone && !isTimezone(zone)) {
    problems.push('schedule_timezone must be the IANA name of a time zone, such as Europe/Berlin or UTC');
  }
  if (problems.length > 0) throw new ChelaError('INVALID_SHAPE', problems.join('; '), problems);
}

const typeNeeds: Record<ScheduleType, { name: string; field: keyof ScheduleColumns | undefined }> = {
  [scheduleTypes.daily]: { name: 'daily', field: undefined },
  [scheduleTypes.weekly]: { name: 'weekly', field: 'schedule_weekday' },
  [scheduleTypes.monthly]: { name: 'monthly', field: 'schedule_day' },
  [scheduleTypes.once]: { name: 'once', field: 'schedule_once_date' },
};

function checkComplete(columns: ScheduleColumns): void {
  const problems: string[] = [];
  const { schedule_type: type } = columns;
  if (type === null) {
    problems.push('schedule_type is required to enable a schedule: 1 daily, 2 weekly, 3 monthly, 4 once');
  }
  if (columns.schedule_time === null) problems.push('schedule_time is required to enable a schedule');
  const need = type === null ? undefined : typeNeeds[type];
  if (need?.field !== undefined && columns[need.field] === null) {
    problems.push(`${need.field} is required by schedule_type ${type} (${need.name})`);
  }
  if (problems.length > 0) throw new ChelaError('INVALID_SHAPE', problems.join('; '), problems);
}

/**
 * Applies a request to a schedule.
 * @throws ChelaError INVALID_SHAPE for a malformed text, and for an enabled schedule that lacks a field of its type
 */
export function applySchedule(stored: ScheduleColumns, fields: ScheduleFields): ScheduleColumns {
  checkTexts(fields);
  const {
    schedule_enabled: enabled,
    schedule_time: time,
    schedule_once_date: date,
    schedule_timezone: zone,
    ...rest
  } = fields;
  const columns: ScheduleColumns = {
    schedule_enabled: enabled === undefined ? stored.schedule_enabled : enabled === 1,
    schedule_type: rest.schedule_type ?? stored.schedule_type,
    schedule_time: time === undefined ? stored.schedule_time : time || null,
    schedule_weekday: rest.schedule_weekday ?? stored.schedule_weekday,
    schedule_day: rest.schedule_day ?? stored.schedule_day,
    schedule_once_date: date === undefined ? stored.schedule_once_date : date || null,
    schedule_timezone: zone === undefined ? stored.schedule_timezone : zone || null,
    schedule_overlap: rest.schedule_overlap ?? stored.schedule_overlap,
    schedule_missed: rest.schedule_missed ?? stored.schedule_missed,
  };
  if (columns.schedule_enabled) checkComplete(columns);
  return columns;
}

/**
 * The schedule to evaluate; undefined if it is disabled.
 * @param accountTimezone the zone for schedules without their own
 */
export function scheduleOf(columns: ScheduleColumns, accountTimezone: string): Schedule | undefined {
  const {
    schedule_time: time,
    schedule_weekday: weekday,
    schedule_day: day,
    schedule_once_date: date,
  } = columns;
  if (!columns.schedule_enabled || time === null) return undefined;
  const clock = { time, timezone: columns.schedule_timezone ?? accountTimezone };
  const { daily, weekly, monthly, once } = scheduleTypes;
  const { schedule_type: type } = columns;
  if (type === daily) return { type, ...clock };
  if (type === weekly && weekday !== null) return { type, weekday, ...clock };
  if (type === monthly && day !== null) return { type, day, ...clock };
  if (type === once && date !== null) return { type, date, ...clock };
  return undefined;
}

/**
 * The first tick of a schedule that was just set; undefined if it is disabled.
 * @throws ChelaError INVALID_ARGUMENT if it would never fire
 */
export function firstTick(columns: ScheduleColumns, accountTimezone: string, after: Date): Date | undefined {
  const schedule = scheduleOf(columns, accountTimezone);
  if (schedule === undefined) return undefined;
  const tick = nextTick(schedule, after);
  if (tick === undefined) {
    throw invalidArgument(
      `the schedule would never run: ${columns.schedule_once_date} ${schedule.time} in ${schedule.timezone} is in the past`,
    );
  }
  return tick;
}
