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
  value: Type.Number({ description: 'Value of the limit.', examples: [2048] }),
  unit: enumeration(limitUnits, {
    description: 'Unit of the value. An amount is in the currency of the prices.',
    examples: ['MB'],
  }),
  setting: Type.String({
    description: 'System parameter or environment variable that sets the limit.',
    examples: ['memory'],
  }),
  set_by: enumeration(limitOwners, {
    description: 'run: a system parameter of the run; operator: a setting of the installation.',
    examples: ['run'],
  }),
};

const SuspectedLimit = Type.Object(
  {
    ...limitFields,
    seen: enumeration(limitEvidences, {
      description:
        "How the limit was detected. kernel: the kernel enforced it; output: the worker's output mentions it.",
      examples: ['output'],
    }),
  },
  { title: 'SuspectedLimit', description: 'A limit that may have caused a failure' },
);

/** Each field is present for the reasons that use it. */
const endDetailFields = {
  limit: Type.Optional(limitFields.limit),
  value: Type.Optional(limitFields.value),
  unit: Type.Optional(limitFields.unit),
  setting: Type.Optional(limitFields.setting),
  set_by: Type.Optional(limitFields.set_by),
  exit_code: Type.Optional(Type.Integer({ description: 'Exit code of the worker.', examples: [1] })),
  signal: Type.Optional(
    Type.String({ description: 'Signal that terminated the worker.', examples: ['SIGSEGV'] }),
  ),
  suspected_limits: Type.Optional(
    Type.Array(SuspectedLimit, { description: 'Limits that may have caused the failure.' }),
  ),
  machine_out_of_memory: Type.Optional(
    Type.Boolean({ description: 'Whether the machine ran out of memory while the worker was running.' }),
  ),
  row_error: Type.Optional(Type.String({ description: 'Why the first lost row could not be stored.' })),
  step: Type.Optional(
    enumeration([...preparationSteps, ...internalSteps], {
      description: 'What the platform was doing when it failed.',
      examples: ['sandbox'],
    }),
  ),
  message: Type.Optional(Type.String({ description: 'Error message.' })),
};

const splitFields = {
  subtasks: Type.Optional(Type.Integer({ description: 'Subtasks of the run.', examples: [3] })),
  failed_subtasks: Type.Optional(
    Type.Integer({ description: 'Number of subtasks that failed.', examples: [1] }),
  ),
  subtask: Type.Optional(
    Type.Integer({
      description: 'Number of the first failed subtask. The other fields describe its failure.',
      examples: [2],
    }),
  ),
  subtask_reason: Type.Optional(
    enumeration(subtaskEndReasons, { description: 'Why that subtask failed.', examples: ['exit'] }),
  ),
};

const reasonNote = 'Empty before the end. See the guide "The life of a run".';
const errorHeadline = Type.String({
  description:
    "Extension: first line of the worker's own error, at most 300 characters. Empty if the worker left no error, or if the platform stopped it.",
  examples: [''],
});

/** Fields of a subtask. */
export const subtaskEndFields = {
  end_reason: enumeration(['', ...subtaskEndReasons], {
    description: `Why the subtask ended. ${reasonNote}`,
    examples: ['succeeded'],
  }),
  end_detail: Type.Object(endDetailFields, {
    title: 'SubtaskEndDetail',
    description: 'Details of the end reason, such as a limit with its value or an exit code.',
    examples: [{}],
  }),
  error_headline: errorHeadline,
};

/** Fields of a run. */
export const runEndFields = {
  end_reason: enumeration(['', ...runEndReasons], {
    description: `Extension: why the run ended. A failed run has the reason of its first failed subtask, or partly_failed if other subtasks succeeded. ${reasonNote}`,
    examples: ['succeeded'],
  }),
  end_detail: Type.Object(
    { ...endDetailFields, ...splitFields },
    {
      title: 'RunEndDetail',
      description:
        'Extension: details of the end reason, such as a limit with its value or an exit code. For a run with several subtasks, also which of them failed.',
      examples: [{}],
    },
  ),
  error_headline: errorHeadline,
};
