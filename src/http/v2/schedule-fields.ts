/** The fields of a schedule in requests. */
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { scheduleExtensions } from '../../answers/tasks.ts';
import { scheduleTypes } from '../../tasks/tasks.ts';

/** What determines the times of a schedule. */
export const timingFields = {
  schedule_type: Type.Optional(
    enumeration(Object.values(scheduleTypes), {
      description: '1 daily, 2 weekly, 3 monthly, 4 once.',
      examples: [2],
    }),
  ),
  schedule_time: Type.Optional(
    Type.String({ description: 'HH:mm in the time zone of the schedule.', examples: ['09:30'] }),
  ),
  schedule_weekday: Type.Optional(
    enumeration([1, 2, 3, 4, 5, 6, 7], {
      minimum: 1,
      maximum: 7,
      description: 'Day of a weekly schedule: 1 Monday to 7 Sunday.',
      examples: [1],
    }),
  ),
  schedule_day: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 31,
      description: 'Day of a monthly schedule. Months without that day use their last day.',
      examples: [31],
    }),
  ),
  schedule_once_date: Type.Optional(
    Type.String({ description: 'Date of a one-time schedule, YYYY-MM-DD.', examples: ['2027-01-31'] }),
  ),
  schedule_timezone: Type.Optional(scheduleExtensions.schedule_timezone),
};

export const scheduleFields = {
  schedule_enabled: Type.Optional(
    enumeration([0, 1], { description: '0 disabled, 1 enabled.', examples: [1] }),
  ),
  ...timingFields,
  schedule_overlap: Type.Optional(scheduleExtensions.schedule_overlap),
  schedule_missed: Type.Optional(scheduleExtensions.schedule_missed),
};
