/** API keys: the account's own, and for administrators those of all accounts. Extensions of the published API. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ApiKey, CreatedApiKey } from '../../answers/credentials.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { systemAccountName, type ApiKeyRecord } from '../../accounts/accounts.ts';
import { invalidArgument } from '../../errors.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation, paramsOf } from '../operation.ts';
import { AccountParams } from './accounts.ts';
import { lastSecond, momentOf, pageOf, paged, PageQuery, unixSeconds } from './shapes.ts';

const NewApiKeyBody = Type.Object(
  {
    name: Type.String({
      description: 'What the key is for.',
      minLength: 1,
      maxLength: 100,
      pattern: String.raw`\S`,
      examples: ['nightly job'],
    }),
    expires_at: Type.Optional(
      Type.Integer({
        description: 'Expiry of the key, Unix seconds; 0 means never.',
        default: 0,
        minimum: 0,
        maximum: lastSecond,
      }),
    ),
  },
  { additionalProperties: false },
);

function keyShape(key: ApiKeyRecord): ApiKey {
  return {
    slug: key.slug,
    name: key.name,
    created_at: unixSeconds(key.created_at),
    last_used_at: unixSeconds(key.last_used_at),
    expires_at: unixSeconds(key.expires_at),
  };
}

interface KeyScope {
  readonly url: string;
  /** Used in operation ids, `list…Keys`. */
  readonly noun: string;
  /** Used in summaries. */
  readonly phrase: string;
  readonly note: string;
  readonly tag: 'account' | 'accounts';
  readonly admin: boolean;
  readonly params: typeof AccountParams | undefined;
  readonly accountOf: (request: FastifyRequest) => Promise<number>;
}

function keyScopes({ accounts }: ApiContext): KeyScope[] {
  return [
    {
      url: '/users/account/api-keys',
      noun: 'Api',
      phrase: 'API key',
      note: 'Applies to the authenticated account. An extension of the published API.',
      tag: 'account',
      admin: false,
      params: undefined,
      accountOf: async (request) => request.accountId,
    },
    {
      url: '/accounts/:accountName/api-keys',
      noun: 'AccountApi',
      phrase: 'API key of account',
      note: 'For administrators; other accounts get 403. An extension of the published API.',
      tag: 'accounts',
      admin: true,
      params: AccountParams,
      accountOf: async (request) => {
        const { accountName } = paramsOf(request, AccountParams);
        if (accountName === systemAccountName) {
          throw invalidArgument(
            `the account ${systemAccountName} belongs to the platform and cannot have API keys`,
          );
        }
        return (await accounts.byName(accountName)).id;
      },
    },
  ];
}

/** @returns undefined for a key that does not expire @throws ChelaError if the time has passed */
function expiryOf(seconds: number | undefined): Date | undefined {
  const moment = momentOf(seconds);
  if (moment !== undefined && moment.getTime() <= Date.now()) {
    throw invalidArgument('expires_at must be in the future');
  }
  return moment;
}

export function addApiKeyOperations(app: ApiApp, context: ApiContext): void {
  for (const scope of keyScopes(context)) addScope(app, context, scope);
}

function addScope(app: ApiApp, { accounts }: ApiContext, scope: KeyScope): void {
  const { tag, admin, params } = scope;
  app.get(
    scope.url,
    operation({
      id: `list${scope.noun}Keys`,
      tag,
      summary: `List ${scope.phrase}s`,
      description: `Returns the keys that are not revoked, newest first, without the secret values. ${scope.note}`,
      admin,
      params,
      querystring: PageQuery,
      data: pagedSchema(ApiKey),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { count, list } = await accounts.keys.list(await scope.accountOf(request), page);
      return success(request, paged({ count, list: list.map(keyShape) }, page));
    },
  );

  app.post(
    scope.url,
    operation({
      id: `create${scope.noun}Key`,
      tag,
      summary: `Create ${scope.phrase}`,
      description: `Creates a key. The answer is the only place that shows it. ${scope.note}`,
      admin,
      params,
      body: NewApiKeyBody,
      data: CreatedApiKey,
    }),
    async (request) => {
      const { name, expires_at: expiresAt } = request.body;
      const accountId = await scope.accountOf(request);
      const wanted = { name: name.trim(), expiresAt: expiryOf(expiresAt) };
      const created = await accounts.keys.create(accountId, wanted, actorOf(request));
      return success(request, { ...keyShape(created), key: created.key });
    },
  );

  app.delete(
    `${scope.url}/:keyId`,
    operation({
      id: `revoke${scope.noun}Key`,
      tag,
      summary: `Revoke ${scope.phrase}`,
      description: `Revokes a key immediately and permanently. ${scope.note}`,
      admin,
      params: Type.Object({
        ...params?.properties,
        keyId: Type.String({ description: 'Slug of the key.', examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'] }),
      }),
    }),
    async (request) => {
      const accountId = await scope.accountOf(request);
      await accounts.revokeKeyOf(accountId, request.params.keyId, actorOf(request));
      return success(request);
    },
  );
}
