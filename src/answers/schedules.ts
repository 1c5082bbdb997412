/** Upcoming scheduled times, and their time zone. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';

export const ScheduleTick = Type.Object(
  {
    at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_800] }),
    task_slug: Type.String({ examples: ['01KKDXW7N4T0B3R6Y9Z2M5C8F1'] }),
    task_title: Type.String({ examples: ['Names of the day'] }),
    worker_slug: Type.String({ examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'] }),
    worker_path: Type.String({ description: 'Empty if the worker was deleted.', examples: ['chela~hello'] }),
    worker_title: Type.String({ description: 'Empty if the worker was deleted.', examples: ['Hello'] }),
    schedule_time: Type.String({
      description: 'HH:mm in the time zone of the schedule.',
      examples: ['09:30'],
    }),
    timezone: Type.String({ description: 'Time zone of the schedule.', examples: ['Europe/Berlin'] }),
    clashes: Type.Integer({
      description: 'Number of other tasks scheduled for the same minute.',
      examples: [0],
    }),
    exceeds_plan: Type.Boolean({
      description:
        "Whether more tasks are scheduled for this minute than the plan's concurrent runs. Some of them will not start.",
      examples: [false],
    }),
  },
  { title: 'ScheduleTick', description: 'An upcoming scheduled time' },
);
export type ScheduleTick = Answer<typeof ScheduleTick>;

export const ScheduleTicks = Type.Object({
  count: Type.Integer({
    description: 'Scheduled times in the period, including those beyond limit.',
    examples: [1],
  }),
  list: Type.Array(ScheduleTick),
});
export type ScheduleTicks = Answer<typeof ScheduleTicks>;

export const SchedulePreview = Type.Object(
  {
    timezone: Type.String({ description: 'Time zone of the schedule.', examples: ['Europe/Berlin'] }),
    times: Type.Array(Type.Integer(), {
      description: 'The next scheduled times, Unix seconds, earliest first: at most 5.',
      examples: [[1_782_091_800, 1_782_178_200]],
    }),
  },
  { title: 'SchedulePreview', description: 'The next times of a schedule' },
);
export type SchedulePreview = Answer<typeof SchedulePreview>;

export const Timezone = Type.Object(
  {
    timezone: Type.String({
      description: 'IANA name of the time zone of schedules that do not set one.',
      examples: ['Europe/Berlin'],
    }),
  },
  { description: "Default time zone of an account's schedules" },
);
export type Timezone = Answer<typeof Timezone>;
