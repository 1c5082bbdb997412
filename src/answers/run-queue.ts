/** Held runs. */
import { Type } from 'typebox';
import { queueStates } from '../runs/queue-states.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { exampleQueueRef } from './examples.ts';

const queueRef = Type.String({ description: 'Identifier of the item.', examples: [exampleQueueRef] });

const queueStatus = enumeration(queueStates, {
  description: 'waiting: held; inactive: activated or released.',
  examples: ['waiting'],
});

export const QueueItem = Type.Object(
  {
    queue_ref: queueRef,
    queue_status: queueStatus,
    worker_slug: Type.String({
      description: 'Slug of the worker; usable as workerId.',
      examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'],
    }),
    worker_path: Type.String({
      description: 'owner~name; empty if the worker was deleted.',
      examples: ['chela~hello'],
    }),
    worker_title: Type.String({ description: 'Empty if the worker was deleted.', examples: ['Hello'] }),
    version: Type.String({ description: 'Version to run.', examples: ['v1.0.1'] }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    reason: Type.String({
      description: 'Reason given when the item was released; otherwise empty.',
      examples: [''],
    }),
    run_slug: Type.String({
      description: 'Extension: slug of the run that was started; empty if the item was not activated.',
      examples: [''],
    }),
  },
  { description: 'A held run' },
);
export type QueueItem = Answer<typeof QueueItem>;

export const QueueOutcomes = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        queue_ref: queueRef,
        success: Type.Boolean({ description: 'Whether the operation succeeded.', examples: [true] }),
        run_slug: Type.Optional(
          Type.String({
            description: 'The run that was started.',
            examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
          }),
        ),
        error: Type.Optional(
          Type.String({
            description: 'Why the operation failed.',
            examples: ['item is not in waiting state'],
          }),
        ),
      }),
      { description: 'One entry for each reference, in the same order.' },
    ),
  },
  { description: 'Outcome for each item' },
);
export type QueueOutcomes = Answer<typeof QueueOutcomes>;
export type QueueOutcome = QueueOutcomes['results'][number];

export const HeldRun = Type.Object(
  {
    queue_ref: queueRef,
    queue_status: queueStatus,
    queued: Type.Boolean({ examples: [true] }),
  },
  { description: 'The held run' },
);
