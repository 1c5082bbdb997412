/** Subtasks of a run, and why some of them wait. */
import { Type, type TSchema } from 'typebox';
import { subtaskStatuses, type SubtaskStatus } from '../runs/statuses.ts';
import { waitReasons } from '../runs/wait-reasons.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { subtaskEndFields } from './ends.ts';
import { pagedSchema } from './pages.ts';

const subtaskFields = {
  number: Type.Integer({
    description: 'Number of the subtask within the run, starting at 1.',
    examples: [1],
  }),
  status: enumeration(subtaskStatuses, {
    description: 'ready: waiting for a runner; succeeded and failed are final.',
    examples: ['succeeded'],
  }),
  started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
  finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
  duration: Type.Integer({
    description: 'Seconds from start to end, or until now if the subtask has not ended.',
    examples: [10],
  }),
  exit_code: Type.Integer({ description: 'Exit code of the worker; -1 if there is none.', examples: [0] }),
  err_msg: Type.String({
    description: 'Reason for the failure; empty if the subtask did not fail.',
    examples: [''],
  }),
  ...subtaskEndFields,
  results: Type.Integer({ description: 'Rows added by the subtask.', examples: [3] }),
  attempt: Type.Integer({ description: 'Number of times a runner started the subtask.', examples: [1] }),
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
      { description: 'Number of subtasks of the run by status.' },
    ),
  },
  { title: 'SubtaskList', description: 'Subtasks of a run' },
);
export type SubtaskList = Answer<typeof SubtaskList>;

export const SubtaskDetail = Type.Object(
  { ...subtaskFields, input: Type.Unknown({ description: 'Input of the worker.' }) },
  { title: 'Subtask', description: 'A subtask with its input' },
);
export type SubtaskDetail = Answer<typeof SubtaskDetail>;

export const RunWaiting = Type.Object(
  {
    reason: enumeration(waitReasons, {
      description:
        'not_waiting: no subtask is waiting; no_runner: no runner is active; no_free_slot: all slots are in use; starting: a runner is about to start the subtask.',
      examples: ['no_free_slot'],
    }),
    message: Type.String({
      description: 'The reason as a sentence, with what you can do.',
      examples: [
        'all 8 slots of the runners are in use and 3 subtasks are ahead: wait, or start another runner',
      ],
    }),
    subtasks: Type.Integer({ description: 'Waiting subtasks of the run.', examples: [1] }),
    ahead: Type.Integer({
      description: 'Subtasks currently ahead of the first waiting one.',
      examples: [3],
    }),
    runners: Type.Integer({ description: 'Active runners.', examples: [1] }),
    slots: Type.Integer({
      description: 'Subtasks that the runners can execute at the same time.',
      examples: [8],
    }),
    slots_in_use: Type.Integer({ description: 'Slots in use.', examples: [8] }),
  },
  { title: 'RunWaiting', description: 'Why a run is waiting' },
);
export type RunWaiting = Answer<typeof RunWaiting>;
