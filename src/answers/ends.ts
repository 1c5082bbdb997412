/** Why runs and subtasks ended, as fields of the API. Extensions of the published API. */
import { Type } from 'typebox';
import {
  internalSteps,
  limitEvidences,
  preparationSteps,
  runEndReasons,
  subtaskEndReasons,
} from '../runs/end-reasons.ts';
import { limitNames, limitOwners, limitUnits } from '../runs/named-limits.ts';
import { enumeration } from './enumeration.ts';

const limitFields = {
  limit: enumeration(limitNames, { description: 'Name of the limit.', examples: ['memory'] }),
  value: Type.Number({ description: 'The value that was in force.', examples: [2048] }),
  unit: enumeration(limitUnits, {
    description: 'What the value is counted in; an amount is in the currency of the prices.',
    examples: ['MB'],
  }),
  setting: Type.String({
    description: 'The system parameter or the environment variable that sets it.',
    examples: ['memory'],
  }),
  set_by: enumeration(limitOwners, {
    description: 'run: a system parameter of the run; operator: a setting of the installation.',
    examples: ['run'],
  }),
};

const SuspectedLimit = Type.Object({
  ...limitFields,
  seen: enumeration(limitEvidences, {
    description: "kernel: the kernel held the worker to it; output: the worker's output names it.",
    examples: ['output'],
  }),
});

/** Each field is present for the reasons that use it. */
const endDetailFields = {
  limit: Type.Optional(limitFields.limit),
  value: Type.Optional(limitFields.value),
  unit: Type.Optional(limitFields.unit),
  setting: Type.Optional(limitFields.setting),
  set_by: Type.Optional(limitFields.set_by),
  exit_code: Type.Optional(Type.Integer({ description: 'Exit code of the worker.', examples: [1] })),
  signal: Type.Optional(Type.String({ description: 'Signal that ended the worker.', examples: ['SIGSEGV'] })),
  suspected_limits: Type.Optional(
    Type.Array(SuspectedLimit, { description: 'Limits that may be why the worker failed.' }),
  ),
  machine_out_of_memory: Type.Optional(
    Type.Boolean({ description: 'The machine ran out of memory while the worker ran.' }),
  ),
  row_error: Type.Optional(
    Type.String({ description: 'Why the first row that was lost could not be stored.' }),
  ),
  step: Type.Optional(
    enumeration([...preparationSteps, ...internalSteps], {
      description: 'What the platform was doing when it failed.',
      examples: ['sandbox'],
    }),
  ),
  message: Type.Optional(Type.String({ description: 'The words of what failed.' })),
};

const splitFields = {
  subtasks: Type.Optional(Type.Integer({ description: 'Subtasks of the run.', examples: [3] })),
  failed_subtasks: Type.Optional(Type.Integer({ description: 'How many of them failed.', examples: [1] })),
  subtask: Type.Optional(
    Type.Integer({
      description: 'Number of the first subtask that failed. The other fields are about it.',
      examples: [2],
    }),
  ),
  subtask_reason: Type.Optional(
    enumeration(subtaskEndReasons, { description: 'Why it failed.', examples: ['exit'] }),
  ),
};

const reasonNote = 'Empty until it has ended. See the guide "The life of a run".';
const errorHeadline = Type.String({
  description:
    "Extension: first line of the worker's own error, at most 300 characters; empty unless it ended by itself and left one.",
  examples: [''],
});

/** Fields of a subtask. */
export const subtaskEndFields = {
  end_reason: enumeration(['', ...subtaskEndReasons], {
    description: `Why it ended. ${reasonNote}`,
    examples: ['succeeded'],
  }),
  end_detail: Type.Object(endDetailFields, {
    description: 'What belongs to the reason: a limit with its value, an exit code, ...',
    examples: [{}],
  }),
  error_headline: errorHeadline,
};

/** Fields of a run. */
export const runEndFields = {
  end_reason: enumeration(['', ...runEndReasons], {
    description: `Extension: why it ended: as the first of its subtasks that failed, or partly_failed where others succeeded. ${reasonNote}`,
    examples: ['succeeded'],
  }),
  end_detail: Type.Object(
    { ...endDetailFields, ...splitFields },
    {
      description:
        'Extension: what belongs to the reason: a limit with its value, an exit code, and in a run of several subtasks which of them failed.',
      examples: [{}],
    },
  ),
  error_headline: errorHeadline,
};
