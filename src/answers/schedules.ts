/** Upcoming scheduled times, and their time zone. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';

export const ScheduleTick = Type.Object(
  {
    at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_800] }),
    task_slug: Type.String({ examples: ['01KKDXW7N4T0B3R6Y9Z2M5C8F1'] }),
    task_title: Type.String({ examples: ['Names of the day'] }),
    worker_slug: Type.String({ examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'] }),
    worker_path: Type.String({ description: 'Empty where the worker is gone.', examples: ['chela~hello'] }),
    worker_title: Type.String({ description: 'Empty where the worker is gone.', examples: ['Hello'] }),
    schedule_time: Type.String({ description: 'HH:mm in the zone of the schedule.', examples: ['09:30'] }),
    timezone: Type.String({ description: 'Zone of the schedule.', examples: ['Europe/Berlin'] }),
    clashes: Type.Integer({
      description: 'How many other tasks have a tick at the same minute.',
      examples: [0],
    }),
    exceeds_plan: Type.Boolean({
      description:
        'More tasks start at this minute than the plan lets run at a time: some of them will not start.',
      examples: [false],
    }),
  },
  { title: 'ScheduleTick', description: 'A coming tick of a schedule' },
);
export type ScheduleTick = Answer<typeof ScheduleTick>;

export const ScheduleTicks = Type.Object({
  count: Type.Integer({
    description: 'Ticks within the time, those beyond the limit too.',
    examples: [1],
  }),
  list: Type.Array(ScheduleTick),
});
export type ScheduleTicks = Answer<typeof ScheduleTicks>;

export const Timezone = Type.Object(
  {
    timezone: Type.String({
      description: 'IANA name of the time zone of schedules that name none.',
      examples: ['Europe/Berlin'],
    }),
  },
  { description: "The time zone of an account's schedules" },
);
export type Timezone = Answer<typeof Timezone>;
