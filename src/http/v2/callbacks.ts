/** Callbacks of a run with all delivery attempts, and the secret that signs them. Extensions of the published API. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import {
  type CallbackBody,
  CallbackSecret,
  CallbackSettings,
  CallbackTest,
  type RunCallback,
  RunCallbacks,
} from '../../answers/callbacks.ts';
import type { AuditEvent } from '../../accounts/accounts.ts';
import { ChelaError } from '../../errors.ts';
import { type CallbackRecord } from '../../callbacks/callbacks.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { callbackUrlOf } from './run-answers.ts';
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
  addSettings(app, context);
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

const UrlBody = Type.Object(
  {
    callback_url: Type.String({
      description: 'An http or https URL.',
      maxLength: 2048,
      examples: ['https://client.example.com/callback'],
    }),
  },
  { additionalProperties: false },
);
const testsPerMinute = 20;

function addSettings(app: ApiApp, { callbacks, accounts }: ApiContext): void {
  const url = '/users/account/callbacks';
  app.get(
    url,
    operation({
      id: 'getCallbackSettings',
      tag: 'account',
      summary: 'Get callback settings',
      description:
        "Returns the account's callback URL, and whether callbacks are signed. An extension of the published API.",
      data: CallbackSettings,
    }),
    async (request) => {
      const { callbackUrl, hasSecret } = await callbacks.settings(request.accountId);
      return success(request, { callback_url: callbackUrl, has_secret: hasSecret });
    },
  );

  app.put(
    url,
    operation({
      id: 'setCallbackUrl',
      tag: 'account',
      summary: 'Set callback URL',
      description:
        'Sets the callback URL of runs that are started without one, by the API, the console or a schedule. An empty one removes it. An extension of the published API.',
      body: UrlBody,
    }),
    async (request) => {
      await callbacks.setUrl(request.accountId, callbackUrlOf(request.body));
      const { name: subject } = await accounts.get(request.accountId);
      await accounts.audit.record(actorOf(request), { action: 'callback_url.changed', subject });
      return success(request);
    },
  );

  const { config, ...test } = operation({
    id: 'testCallbackUrl',
    tag: 'account',
    summary: 'Test callback URL',
    description:
      'Sends {"test": true} to a URL once, signed as the callbacks of the account are, and returns how the receiver answered. An extension of the published API.',
    body: UrlBody,
    data: CallbackTest,
  });
  const rateLimit = { max: testsPerMinute, timeWindow: 60_000, groupId: 'test-callback' };
  app.post(`${url}/test`, { ...test, config: { ...config, rateLimit } }, async (request) => {
    const callbackUrl = callbackUrlOf(request.body);
    if (callbackUrl === undefined)
      throw new ChelaError('INVALID_SHAPE', 'callback_url must be an http or https URL');
    const { statusCode, milliseconds, error, answer } = await callbacks.test(request.accountId, callbackUrl);
    return success(request, { status_code: statusCode ?? 0, milliseconds, error, answer });
  });
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
