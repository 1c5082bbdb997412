/** Callbacks of a run with all delivery attempts, and the secret that signs them. Extensions of the published API. */
import type { FastifyRequest } from 'fastify';
import {
  type CallbackBody,
  CallbackSecret,
  type RunCallback,
  RunCallbacks,
} from '../../answers/callbacks.ts';
import type { AuditEvent } from '../../accounts/accounts.ts';
import { type CallbackRecord } from '../../callbacks/callbacks.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { unixSeconds } from './shapes.ts';

function callbackShape(callback: CallbackRecord): RunCallback {
  return {
    number: callback.number,
    run_status: callback.runStatus,
    state: callback.state,
    created_at: unixSeconds(callback.createdAt),
    next_attempt_at: callback.state === 'pending' ? unixSeconds(callback.nextAttemptAt) : 0,
    body: JSON.parse(callback.body) as CallbackBody,
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
        description: `Returns the callbacks of a run with every delivery attempt. An extension of the published API. ${scope.note}`,
        params: scope.params,
        data: RunCallbacks,
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
        "Creates a new secret for signing the account's callbacks. It replaces the old secret immediately and is shown only once. An extension of the published API.",
      data: CallbackSecret,
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
      description:
        "Removes the secret. The account's callbacks are then sent unsigned. An extension of the published API.",
    }),
    async (request) => {
      await callbacks.removeSecret(request.accountId);
      await recordSecret(request, 'callback_secret.removed');
      return success(request);
    },
  );
}
