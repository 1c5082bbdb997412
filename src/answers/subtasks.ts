/** Subtasks of a run, and why some of them wait. */
import { Type, type TSchema } from 'typebox';
import { subtaskStatuses, type SubtaskStatus } from '../runs/statuses.ts';
import { waitReasons } from '../runs/wait-reasons.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { subtaskEndFields } from './ends.ts';
import { pagedSchema } from './pages.ts';

const subtaskFields = {
  number: Type.Integer({ description: 'From 1 within its run.', examples: [1] }),
  status: enumeration(subtaskStatuses, {
    description: 'ready waits for a runner; succeeded and failed are final.',
    examples: ['succeeded'],
  }),
  started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
  finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
  duration: Type.Integer({
    description: 'Seconds from start to end, or until now while it runs.',
    examples: [10],
  }),
  exit_code: Type.Integer({ description: 'Exit code of the worker; -1 where there is none.', examples: [0] }),
  err_msg: Type.String({ description: 'Why it failed; empty where nothing went wrong.', examples: [''] }),
  ...subtaskEndFields,
  results: Type.Integer({ description: 'Rows it added.', examples: [3] }),
  attempt: Type.Integer({ description: 'How often a runner took it.', examples: [1] }),
};

export const Subtask = Type.Object(subtaskFields);
export type Subtask = Answer<typeof Subtask>;

const statusCount = Type.Integer({ examples: [1] });

export const SubtaskList = Type.Object(
  {
    ...pagedSchema(Subtask).properties,
    counts: Type.Object(
      {
        ready: statusCount,
        running: statusCount,
        succeeded: statusCount,
        failed: statusCount,
      } satisfies Record<SubtaskStatus, TSchema>,
      { description: 'Subtasks of the run by status.' },
    ),
  },
  { title: 'SubtaskList', description: 'Subtasks of a run' },
);
export type SubtaskList = Answer<typeof SubtaskList>;

export const SubtaskDetail = Type.Object(
  { ...subtaskFields, input: Type.Unknown({ description: 'What the worker gets as its input.' }) },
  { title: 'Subtask', description: 'A subtask with its input' },
);
export type SubtaskDetail = Answer<typeof SubtaskDetail>;

export const RunWaiting = Type.Object(
  {
    reason: enumeration(waitReasons, {
      description:
        'not_waiting: no subtask waits; no_runner: no runner is up; no_free_slot: the runners have as much to do as they can; starting: a runner is about to take it.',
      examples: ['no_free_slot'],
    }),
    message: Type.String({
      description: 'The same in words, and what can be done.',
      examples: ['all 8 slots of the runners are in use and 3 subtasks come first'],
    }),
    subtasks: Type.Integer({ description: 'Subtasks of the run that wait.', examples: [1] }),
    ahead: Type.Integer({
      description: 'Subtasks that come before the first of them, as things stand.',
      examples: [3],
    }),
    runners: Type.Integer({ description: 'Runners that are up.', examples: [1] }),
    slots: Type.Integer({ description: 'Subtasks that they can execute at a time.', examples: [8] }),
    slots_in_use: Type.Integer({ description: 'Subtasks that they execute.', examples: [8] }),
  },
  { title: 'RunWaiting', description: 'Why a run waits' },
);
export type RunWaiting = Answer<typeof RunWaiting>;
