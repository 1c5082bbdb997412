/** What is sent to a `callback_url`, for the document of every operation that takes one. */
import { Type } from 'typebox';
import { toldStatuses } from '../../callbacks/callbacks.ts';
import { enumeration } from '../enumeration.ts';
import { runEndFields } from './end-shapes.ts';

const exampleSlug = '01KKDXV2G26BT7NH4ZQR2R4NPZ';

/** Body of a callback: the run as it was when its status changed. */
export const CallbackBody = Type.Object(
  {
    run_slug: Type.String({ description: 'Identifier of the run.', examples: [exampleSlug] }),
    run_id: Type.String({ description: 'The same identifier.', examples: [exampleSlug] }),
    run_status: enumeration(toldStatuses, {
      description: 'The status that the run changed to.',
      examples: ['succeeded'],
    }),
    error_message: Type.String({
      description: 'Why it failed; empty where nothing went wrong.',
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
    result_count: Type.Integer({ description: 'Rows stored at that moment.', examples: [1] }),
    result_message: Type.String({ description: 'The same in words.', examples: ['1 result'] }),
    ...runEndFields,
  },
  { description: 'A run at a change of its status' },
);

/** For the `callbacks` of an operation. */
export const runStatusCallback = {
  run_status_callback: {
    '{$request.body#/callback_url}': {
      post: {
        requestBody: {
          required: true,
          description:
            'Sent to callback_url when the run starts, when it is being aborted and when it ends: in this order, at least once each, and again later where the answer is not 2xx within the time limit. x-chela-callback-id is the same in every attempt of one change; x-chela-signature is there where the account has a callback secret.',
          content: { 'application/json': { schema: CallbackBody } },
        },
        responses: { '2XX': { description: 'The receiver accepted the callback.' } },
      },
    },
  },
};
