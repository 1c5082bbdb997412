/** Callbacks of a run. */
import { Type } from 'typebox';
import { callbackStates, reportedStatuses, type ReportedStatus } from '../callbacks/callback-states.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { runEndFields } from './ends.ts';
import { exampleRunSlug } from './examples.ts';

/** Body of a callback: the run as it was when its status changed. */
export const CallbackBody = Type.Object(
  {
    run_slug: Type.String({ description: 'Identifier of the run.', examples: [exampleRunSlug] }),
    run_id: Type.String({ description: 'Same as run_slug.', examples: [exampleRunSlug] }),
    run_status: enumeration(reportedStatuses, {
      description: 'The status that the run changed to.',
      examples: ['succeeded'],
    }),
    error_message: Type.String({
      description: 'Reason for the failure; empty if the run did not fail.',
      examples: [''],
    }),
    execution_start_timestamp: Type.Integer({
      description: 'Unix seconds; 0 before the start.',
      examples: [1_782_091_200],
    }),
    execution_end_timestamp: Type.Integer({
      description: 'Unix seconds; 0 before the end.',
      examples: [1_782_091_210],
    }),
    running_duration: Type.Integer({ description: 'Seconds.', examples: [10] }),
    result_count: Type.Integer({ description: 'Rows stored at that time.', examples: [1] }),
    result_message: Type.String({ description: 'The number of results as text.', examples: ['1 result'] }),
    ...runEndFields,
  },
  { title: 'CallbackBody', description: 'A status change of a run' },
);
export type CallbackBody = Answer<typeof CallbackBody>;

export const CallbackAttempt = Type.Object({
  number: Type.Integer({ description: 'Number of the attempt, starting at 1.', examples: [1] }),
  started_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_210] }),
  status_code: Type.Integer({
    description: 'HTTP status of the answer; 0 if there was none.',
    examples: [503],
  }),
  milliseconds: Type.Integer({
    description: 'Duration; -1 while the attempt is in progress.',
    examples: [84],
  }),
  error: Type.String({
    description: 'Reason for the failure; empty if the receiver accepted the callback.',
    examples: ['answered 503'],
  }),
  answer: Type.String({
    description: "First 1024 bytes of the receiver's answer.",
    examples: ['try again later'],
  }),
});
export type CallbackAttempt = Answer<typeof CallbackAttempt>;

export const RunCallback = Type.Object({
  number: Type.Integer({
    description: 'Number of the callback, starting at 1, in the order of the status changes.',
    examples: [1],
  }),
  run_status: Type.Unsafe<ReportedStatus>(
    Type.String({ description: 'The status that the run changed to.', examples: ['running'] }),
  ),
  state: enumeration(callbackStates, {
    description: 'pending: not delivered yet; given_up: the last attempt failed.',
    examples: ['pending'],
  }),
  created_at: Type.Integer({ description: 'Time of the change, Unix seconds.', examples: [1_782_091_210] }),
  next_attempt_at: Type.Integer({
    description: 'Earliest time of the next attempt, Unix seconds; 0 if there is none.',
    examples: [1_782_091_220],
  }),
  body: CallbackBody,
  attempts: Type.Array(CallbackAttempt, { description: 'Oldest first.' }),
});
export type RunCallback = Answer<typeof RunCallback>;

export const RunCallbacks = Type.Object(
  {
    callback_url: Type.String({
      description: 'URL the callbacks are sent to; empty if the run has none.',
      examples: ['https://client.example.com/callback'],
    }),
    count: Type.Integer({
      description: 'Number of callbacks in the list, which is complete.',
      examples: [1],
    }),
    list: Type.Array(RunCallback, { description: 'Oldest first.' }),
  },
  { description: 'The callbacks of a run' },
);
export type RunCallbacks = Answer<typeof RunCallbacks>;

export const CallbackSettings = Type.Object(
  {
    callback_url: Type.String({
      description:
        'URL that receives status changes of runs without a callback URL of their own; empty if none is set.',
      examples: ['https://client.example.com/callback'],
    }),
    has_secret: Type.Boolean({ description: 'Whether callbacks are signed.', examples: [true] }),
  },
  { title: 'CallbackSettings', description: 'The callback settings of the account' },
);
export type CallbackSettings = Answer<typeof CallbackSettings>;

export const CallbackTest = Type.Object(
  {
    status_code: Type.Integer({
      description: 'HTTP status of the answer; 0 if there was none.',
      examples: [200],
    }),
    milliseconds: Type.Integer({ description: 'Duration.', examples: [84] }),
    error: Type.String({ description: 'Why it failed; empty if the receiver accepted it.', examples: [''] }),
    answer: Type.String({ description: "First 1024 bytes of the receiver's answer.", examples: ['ok'] }),
  },
  { title: 'CallbackTest', description: 'The outcome of a test' },
);
export type CallbackTest = Answer<typeof CallbackTest>;

export const CallbackSecret = Type.Object(
  {
    callback_secret: Type.String({
      description: 'Secret key of the HMAC-SHA256 signature in the header x-chela-signature.',
      examples: [`chela_cs_${'0123456789abcdef'.repeat(4)}`],
    }),
  },
  { description: 'The new secret' },
);
