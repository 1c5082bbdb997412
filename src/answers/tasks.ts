/** Saved tasks with their schedules. */
import { Type } from 'typebox';
import { missedPolicies, overlapPolicies, tickOutcomes, type ScheduleType } from '../tasks/schedule-kinds.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { exampleInput, exampleTaskSlug } from './examples.ts';

/** Fields that several requests share. Lengths are in characters. */
export const taskFields = {
  title: Type.String({
    description: 'Title of the task.',
    minLength: 1,
    maxLength: 255,
    pattern: String.raw`\S`,
    examples: ['Names of the day'],
  }),
  description: Type.String({ description: 'What the task is for.', maxLength: 10_000 }),
  callback_url: Type.String({
    description:
      'Extension: URL that receives status changes of the runs of the task. Empty means the one of the account.',
    maxLength: 2048,
    examples: ['https://client.example.com/callback'],
  }),
  version: Type.String({
    description: 'Version to run. latest, the default, is the current version when a run starts.',
    examples: ['latest'],
  }),
  input: Type.Unknown({
    description: 'Worker fields under parameters.custom, limits under parameters.system.',
    examples: [exampleInput],
  }),
};

/** Extensions of the published fields. */
export const scheduleExtensions = {
  /** Empty to use the account's time zone. */
  schedule_timezone: Type.String({
    description: 'Extension: IANA name of the time zone. Empty means the time zone of the account.',
    examples: ['Europe/Berlin'],
  }),
  schedule_overlap: enumeration(overlapPolicies, {
    description:
      'Extension: what happens if a scheduled time comes while a run of the task is in progress. skip: no run starts; allow: another run starts at once; queue: the run starts when the other has ended.',
    examples: ['skip'],
  }),
  schedule_missed: enumeration(missedPolicies, {
    description:
      'Extension: what happens to scheduled times that were missed while the platform was down. run_once: one run starts for all of them; skip: none.',
    examples: ['run_once'],
  }),
};

export const Task = Type.Object(
  {
    id: Type.Integer({
      description: 'Number of the task. It cannot be used as an identifier; use slug.',
      examples: [2001],
    }),
    slug: Type.String({ description: 'Identifier of the task.', examples: [exampleTaskSlug] }),
    ...taskFields,
    worker_slug: Type.String({
      description: 'Slug of the worker; usable as workerId.',
      examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'],
    }),
    worker_path: Type.String({
      description: 'owner~name; empty if the worker was deleted.',
      examples: ['chela~hello'],
    }),
    worker_title: Type.String({ description: 'Empty if the worker was deleted.', examples: ['Hello'] }),
    run_times: Type.Integer({ description: 'Number of runs started from the task.', examples: [12] }),
    last_run_id: Type.String({
      description: "Slug of the task's newest run; empty before the first run.",
      examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
    }),
    last_modified_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    schedule_enabled: Type.Unsafe<0 | 1>(
      Type.Integer({ description: '0 disabled, 1 enabled.', examples: [1] }),
    ),
    schedule_type: Type.Unsafe<ScheduleType | 0>(
      Type.Integer({
        description: '1 daily, 2 weekly, 3 monthly, 4 once; 0 if not set.',
        examples: [2],
      }),
    ),
    schedule_time: Type.String({ description: 'HH:mm; empty if not set.', examples: ['09:30'] }),
    schedule_weekday: Type.Integer({
      description: '1 Monday to 7 Sunday; 0 if not set.',
      examples: [1],
    }),
    schedule_day: Type.Integer({ description: '1 to 31; 0 if not set.', examples: [0] }),
    schedule_once_date: Type.String({
      description: 'YYYY-MM-DD; empty if not set.',
      examples: [''],
    }),
    ...scheduleExtensions,
    schedule_next_at: Type.Integer({
      description: 'Extension: next scheduled time, Unix seconds; 0 if there is none.',
      examples: [1_782_091_800],
    }),
    schedule_last_at: Type.Integer({
      description: 'Extension: last scheduled time that came due, Unix seconds; 0 before the first.',
      examples: [1_781_487_000],
    }),
    schedule_last_outcome: enumeration(['', ...tickOutcomes], {
      description: 'Extension: what happened at the last scheduled time; empty before the first.',
      examples: ['started'],
    }),
    schedule_last_message: Type.String({
      description:
        'Extension: why no run started at the last scheduled time, or how many earlier times were missed; otherwise empty.',
      examples: [''],
    }),
    schedule_missed_count: Type.Integer({
      description: 'Extension: number of scheduled times missed while the platform was down.',
      examples: [0],
    }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    updated_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  },
  { title: 'WorkerTask', description: 'A saved task' },
);
export type Task = Answer<typeof Task>;

export const CreatedTask = Type.Object({
  slug: Type.String({ description: 'Identifier of the new task.', examples: [exampleTaskSlug] }),
});
export type CreatedTask = Answer<typeof CreatedTask>;

export const TaskInput = Type.Object({ input: taskFields.input, version: taskFields.version });
export type TaskInput = Answer<typeof TaskInput>;
