/** Held runs. */
import { Type } from 'typebox';
import { queueStates } from '../runs/queue-states.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { exampleQueueRef } from './examples.ts';

const queueRef = Type.String({ description: 'Identifier of the item.', examples: [exampleQueueRef] });

const queueStatus = enumeration(queueStates, {
  description: 'waiting is held; inactive was activated or released.',
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
      description: 'owner~name; empty where the worker is gone.',
      examples: ['chela~hello'],
    }),
    worker_title: Type.String({ description: 'Empty where the worker is gone.', examples: ['Hello'] }),
    version: Type.String({ description: 'Version that it runs.', examples: ['v1.0.1'] }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
    reason: Type.String({ description: 'What was said at its release; else empty.', examples: [''] }),
    run_slug: Type.String({
      description: 'Extension: the run it became; empty where it was not activated.',
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
        success: Type.Boolean({ description: 'Whether it was done.', examples: [true] }),
        run_slug: Type.Optional(
          Type.String({
            description: 'The run that was started.',
            examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
          }),
        ),
        error: Type.Optional(
          Type.String({
            description: 'Why it was not done.',
            examples: ['item is not in waiting state'],
          }),
        ),
      }),
      { description: 'One for each reference, in their order.' },
    ),
  },
  { description: 'What became of the items' },
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
