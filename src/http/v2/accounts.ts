/** All accounts, for administrators. Extensions of the published API. */
import { Type, type Static } from 'typebox';
import { Account, SetupLink } from '../../answers/accounts.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { emailLength, type Account as AccountRecord, type AccountChanges } from '../../accounts/accounts.ts';
import { invalidArgument } from '../../errors.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { decimal, lastSecond, momentOf, pageOf, paged, PageQuery, unixSeconds } from './shapes.ts';

const tag = 'accounts';
const extension = 'For administrators; other accounts get 403. An extension of the published API.';

const namePattern = '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$';

export function accountShape(account: AccountRecord): Account {
  return {
    name: account.name,
    email: account.email ?? '',
    is_admin: account.isAdmin,
    plan: account.plan.name,
    is_prepaid: account.plan.isPrepaid,
    timezone: account.timezone ?? '',
    balance: decimal(account.balance),
    balance_expiration_at: unixSeconds(account.balanceExpiresAt),
    state: account.state,
    link_expires_at: unixSeconds(account.linkExpiresAt),
    created_at: unixSeconds(account.createdAt),
  };
}

export const AccountParams = Type.Object({
  accountName: Type.String({ description: 'Name of the account.', examples: ['ada'] }),
});

const name = Type.String({
  description:
    '1 to 64 lower-case letters, digits, hyphens and underscores. Starts and ends with a letter or digit.',
  pattern: namePattern,
  examples: ['ada'],
});

const changeableFields = {
  email: Type.Optional(
    Type.String({
      description: 'E-mail address to sign in with.',
      maxLength: emailLength,
      examples: ['ada@example.com'],
    }),
  ),
  plan: Type.Optional(Type.String({ description: 'One of the configured plans.', examples: ['pro'] })),
  timezone: Type.Optional(
    Type.String({
      description: 'IANA name of a time zone. Empty means the default of the installation.',
      examples: ['Europe/Berlin'],
    }),
  ),
  is_admin: Type.Optional(
    Type.Boolean({ description: 'Whether the account is an administrator.', examples: [false] }),
  ),
};

const NewAccountBody = Type.Object({ name, ...changeableFields }, { additionalProperties: false });
const AccountChangesBody = Type.Object(
  {
    name: Type.Optional(name),
    ...changeableFields,
    is_disabled: Type.Optional(
      Type.Boolean({
        description:
          'Whether the account is disabled: nobody can sign in, its keys are refused, and it starts no runs. Runs in progress continue.',
        examples: [false],
      }),
    ),
  },
  { additionalProperties: false },
);

const BalanceBody = Type.Object(
  {
    amount: Type.String({
      description: 'Amount to add, a decimal number. A negative amount is subtracted.',
      pattern: String.raw`^-?\d{1,12}(\.\d{1,6})?$`,
      examples: ['25.00'],
    }),
    expires_at: Type.Optional(
      Type.Integer({
        description: 'Expiry of the whole balance, Unix seconds; 0 means never. Unchanged if omitted.',
        minimum: 0,
        maximum: lastSecond,
        examples: [0],
      }),
    ),
    note: Type.Optional(
      Type.String({ description: 'Reason, for the audit log.', maxLength: 500, examples: ['invoice 17'] }),
    ),
  },
  { additionalProperties: false },
);

function changesOf(body: Static<typeof AccountChangesBody>): AccountChanges {
  const { is_admin: isAdmin, is_disabled: isDisabled, email, ...changes } = body;
  return { ...changes, email: email?.trim(), isAdmin, isDisabled };
}

export function addAccountsOperations(app: ApiApp, context: ApiContext): void {
  addReading(app, context);
  addChanging(app, context);
}

function addReading(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    '/accounts',
    operation({
      id: 'listAccounts',
      tag,
      summary: 'List accounts',
      description: `Returns all accounts, sorted by name. ${extension}`,
      admin: true,
      querystring: PageQuery,
      data: pagedSchema(Account),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { count, list } = await accounts.list(page);
      return success(request, paged({ count, list: list.map(accountShape) }, page));
    },
  );

  app.get(
    '/accounts/:accountName',
    operation({
      id: 'getAccountByName',
      tag,
      summary: 'Get account',
      description: `Returns one account. ${extension}`,
      admin: true,
      params: AccountParams,
      data: Account,
    }),
    async (request) => success(request, accountShape(await accounts.byName(request.params.accountName))),
  );
}

function addChanging(app: ApiApp, context: ApiContext): void {
  const { accounts, tasks } = context;
  app.post(
    '/accounts',
    operation({
      id: 'createAccount',
      tag,
      summary: 'Create account',
      description: `Creates an account. Then make a set-up link, so that its owner can sign in, or an API key. ${extension}`,
      admin: true,
      body: NewAccountBody,
      data: Account,
    }),
    async (request) => {
      const details = { ...changesOf(request.body), name: request.body.name };
      return success(request, accountShape(await accounts.create(details, actorOf(request))));
    },
  );

  app.put(
    '/accounts/:accountName',
    operation({
      id: 'updateAccount',
      tag,
      summary: 'Update account',
      description: `Changes the fields in the body; omitted fields are unchanged. A new name changes the paths of the account's workers. ${extension}`,
      admin: true,
      params: AccountParams,
      body: AccountChangesBody,
      data: Account,
    }),
    async (request) => {
      const { accountName } = request.params;
      const account = await accounts.update(accountName, changesOf(request.body), actorOf(request));
      if (request.body.timezone !== undefined) await tasks.scheduler.realign(account.id);
      return success(request, accountShape(account));
    },
  );

  app.post(
    '/accounts/:accountName/set-up-link',
    operation({
      id: 'createSetupLink',
      tag,
      summary: 'Create set-up link',
      description: `Creates a link with which the owner of an account chooses its e-mail address and password: an invitation, or a way back in. It works once and replaces the previous link. ${extension}`,
      admin: true,
      params: AccountParams,
      data: SetupLink,
    }),
    async (request) => {
      const { accountName } = request.params;
      const { token, account } = await accounts.createSetupLink(accountName, actorOf(request));
      return success(request, {
        url: `${context.baseUrl(request)}/setup?token=${token}`,
        account: account.name,
        expires_at: unixSeconds(account.linkExpiresAt),
      });
    },
  );

  app.post(
    '/accounts/:accountName/balance',
    operation({
      id: 'addToAccountBalance',
      tag,
      summary: 'Add to balance',
      description: `Adds an amount to the balance of an account, or subtracts it. ${extension}`,
      admin: true,
      params: AccountParams,
      body: BalanceBody,
      data: Account,
    }),
    async (request) => {
      const { amount, note, expires_at: expiresAt } = request.body;
      if (Number(amount) === 0) throw invalidArgument('amount must not be 0');
      const change = {
        amount,
        note,
        expiresAt: expiresAt === undefined ? undefined : (momentOf(expiresAt) ?? null),
      };
      const account = await accounts.changeBalance(request.params.accountName, change, actorOf(request));
      return success(request, accountShape(account));
    },
  );
}
