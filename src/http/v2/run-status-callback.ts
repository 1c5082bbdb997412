/** Documents what is sent to a `callback_url`, for every operation that accepts one. */
import { CallbackBody } from '../../answers/callbacks.ts';

/** The `callbacks` of an operation. */
export const runStatusCallback = {
  run_status_callback: {
    '{$request.body#/callback_url}': {
      post: {
        requestBody: {
          required: true,
          description:
            'Sent to callback_url when the run starts, is being aborted, and ends: in this order and at least once each. It is retried if the answer is not 2xx within the time limit. x-chela-callback-id is the same in all attempts for one status change. x-chela-signature is sent if the account has a callback secret.',
          content: { 'application/json': { schema: CallbackBody } },
        },
        responses: {
          '2XX': { description: 'The receiver accepted the callback.' },
          '4XX': { description: 'The receiver refused it: it is sent again.' },
        },
      },
    },
  },
};
