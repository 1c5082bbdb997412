/** Callbacks of a run with every attempt to deliver them, and the secret that signs them. Extensions of the published API. */
import type { FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import type { AuditEvent } from '../../accounts/accounts.ts';
import { callbackStates, type CallbackRecord } from '../../callbacks/callbacks.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { enumeration } from '../enumeration.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { CallbackBody } from './run-status-callback.ts';
import { unixSeconds } from './shapes.ts';

const Attempt = Type.Object({
  number: Type.Integer({ description: 'From 1.', examples: [1] }),
  started_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_210] }),
  status_code: Type.Integer({ description: 'HTTP status of the answer; 0 without one.', examples: [503] }),
  milliseconds: Type.Integer({
    description: 'How long it took; -1 while it is under way.',
    examples: [84],
  }),
  error: Type.String({
    description: 'Why it failed; empty where the receiver accepted.',
    examples: ['answered 503'],
  }),
  answer: Type.String({
    description: 'The first 1024 bytes of what the receiver answered.',
    examples: ['try again later'],
  }),
});

const Callback = Type.Object({
  number: Type.Integer({ description: 'From 1, in the order of the status changes.', examples: [1] }),
  run_status: Type.String({ description: 'The status that the run changed to.', examples: ['running'] }),
  state: enumeration(callbackStates, {
    description: 'pending is still to be delivered; given_up had its last attempt.',
    examples: ['pending'],
  }),
  created_at: Type.Integer({ description: 'Time of the change, Unix seconds.', examples: [1_782_091_210] }),
  next_attempt_at: Type.Integer({
    description: 'Earliest time of the next attempt, Unix seconds; 0 when there will be none.',
    examples: [1_782_091_220],
  }),
  body: CallbackBody,
  attempts: Type.Array(Attempt, { description: 'Oldest first.' }),
});

const RunCallbackList = Type.Object(
  {
    callback_url: Type.String({
      description: 'Where they are sent; empty where the run has no callback URL.',
      examples: ['https://client.example.com/callback'],
    }),
    count: Type.Integer({ description: 'Callbacks in the list, which has them all.', examples: [1] }),
    list: Type.Array(Callback, { description: 'Oldest first.' }),
  },
  { description: 'The callbacks of a run' },
);

function callbackShape(callback: CallbackRecord): Static<typeof Callback> {
  return {
    number: callback.number,
    run_status: callback.runStatus,
    state: callback.state,
    created_at: unixSeconds(callback.createdAt),
    next_attempt_at: callback.state === 'pending' ? unixSeconds(callback.nextAttemptAt) : 0,
    body: JSON.parse(callback.body) as Static<typeof CallbackBody>,
    attempts: callback.attempts.map((attempt) => ({
      number: attempt.number,
      started_at: unixSeconds(attempt.startedAt),
      status_code: attempt.statusCode ?? 0,
      milliseconds: attempt.milliseconds ?? -1,
      error: attempt.error,
      answer: attempt.answer,
    })),
  };
}

export function addCallbackOperations(app: ApiApp, context: ApiContext): void {
  addLists(app, context);
  addSecret(app, context);
}

function addLists(app: ApiApp, context: ApiContext): void {
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/callbacks`,
      operation({
        id: `list${scope.noun}Callbacks`,
        tag: 'worker-runs',
        summary: `List ${scope.phrase} callbacks`,
        description: `What the callback URL of a run was told, and every attempt to tell it. An extension of the published API. ${scope.note}`,
        params: scope.params,
        data: RunCallbackList,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { callbackUrl, list } = await context.callbacks.read.ofRun(run.id);
        return success(request, {
          callback_url: callbackUrl,
          count: list.length,
          list: list.map(callbackShape),
        });
      },
    );
  }
}

function addSecret(app: ApiApp, { callbacks, accounts }: ApiContext): void {
  async function recordSecret(request: FastifyRequest, action: AuditEvent['action']): Promise<void> {
    const { name: subject } = await accounts.get(request.accountId);
    await accounts.audit.record(actorOf(request), { action, subject });
  }

  app.post(
    '/users/account/callback-secret',
    operation({
      id: 'renewCallbackSecret',
      tag: 'account',
      summary: 'Renew callback secret',
      description:
        'Makes a new secret that signs the callbacks of the account from now on; an old one ends. It is shown here only. An extension of the published API.',
      data: Type.Object(
        {
          callback_secret: Type.String({
            description: 'Key of the HMAC-SHA256 in x-chela-signature.',
            examples: [`chela_cs_${'0123456789abcdef'.repeat(4)}`],
          }),
        },
        { description: 'The new secret' },
      ),
    }),
    async (request) => {
      const secret = await callbacks.renewSecret(request.accountId);
      await recordSecret(request, 'callback_secret.renewed');
      return success(request, { callback_secret: secret });
    },
  );

  app.delete(
    '/users/account/callback-secret',
    operation({
      id: 'removeCallbackSecret',
      tag: 'account',
      summary: 'Remove callback secret',
      description: 'Callbacks of the account are not signed any more. An extension of the published API.',
    }),
    async (request) => {
      await callbacks.removeSecret(request.accountId);
      await recordSecret(request, 'callback_secret.removed');
      return success(request);
    },
  );
}
