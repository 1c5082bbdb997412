/** A schedule as it is edited, and the fields of it that requests contain. */
import { readersTimezone } from '../../api/statistics.ts';
import { kindOf, scheduleTypes, type Schedule, type ScheduleKind, type Task } from '../../api/tasks.ts';

export interface EditedSchedule {
  readonly kind: ScheduleKind;
  readonly schedule: Schedule;
}

/** Every day at nine, in the reader's zone. */
export const firstSchedule: EditedSchedule = {
  kind: 'daily',
  schedule: {
    schedule_enabled: 1,
    schedule_type: scheduleTypes.daily,
    schedule_time: '09:00',
    schedule_weekday: 1,
    schedule_day: 1,
    schedule_once_date: '',
    schedule_timezone: readersTimezone,
    schedule_overlap: 'skip',
    schedule_missed: 'run_once',
  },
};

export function editedScheduleOf(task: Task): EditedSchedule {
  const kind = kindOf(task.schedule_type);
  if (kind === undefined) return firstSchedule;
  const { schedule: first } = firstSchedule;
  return {
    kind,
    schedule: {
      schedule_enabled: task.schedule_enabled,
      schedule_type: task.schedule_type,
      schedule_time: task.schedule_time || first.schedule_time,
      schedule_weekday: task.schedule_weekday || first.schedule_weekday,
      schedule_day: task.schedule_day || first.schedule_day,
      schedule_once_date: task.schedule_once_date,
      schedule_timezone: task.schedule_timezone,
      schedule_overlap: task.schedule_overlap,
      schedule_missed: task.schedule_missed,
    },
  };
}

/** The fields that determine its times: only those that this kind of schedule uses, because the API refuses others. */
export function timingOf({ kind, schedule }: EditedSchedule) {
  const { schedule_time, schedule_timezone } = schedule;
  return {
    schedule_type: scheduleTypes[kind],
    schedule_time,
    schedule_timezone,
    ...(kind === 'weekly' && { schedule_weekday: schedule.schedule_weekday }),
    ...(kind === 'monthly' && { schedule_day: schedule.schedule_day }),
    ...(kind === 'once' && { schedule_once_date: schedule.schedule_once_date }),
  };
}

export function scheduleRequest(edited: EditedSchedule): Partial<Schedule> {
  const { schedule_enabled, schedule_overlap, schedule_missed } = edited.schedule;
  return { schedule_enabled, ...timingOf(edited), schedule_overlap, schedule_missed };
}
