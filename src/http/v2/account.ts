/** The account of the credential. */
import { Type } from 'typebox';
import { emailLength, passwordLength } from '../../accounts/accounts.ts';
import { AccountDetails, Balance } from '../../answers/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { accountShape } from './accounts.ts';
import { decimal, unixSeconds } from './shapes.ts';

const note = 'An extension of the published API.';

const current = Type.String({
  description: 'The current password.',
  minLength: 1,
  maxLength: passwordLength.maximum,
  examples: ['correct horse battery staple'],
});
const PasswordBody = Type.Object(
  {
    current_password: current,
    password: Type.String({
      description: `The new password, at least ${passwordLength.minimum} characters.`,
      examples: ['another correct horse battery staple'],
    }),
  },
  { additionalProperties: false },
);
const EmailBody = Type.Object(
  {
    current_password: current,
    email: Type.String({
      description: 'E-mail address to sign in with from now on.',
      maxLength: emailLength,
      examples: ['ada@example.com'],
    }),
  },
  { additionalProperties: false },
);

export function addAccountOperations(app: ApiApp, context: ApiContext): void {
  addReading(app, context);
  addCredentials(app, context);
}

/** Changes of e-mail address and password. Attempts are limited like those to sign in. */
function addCredentials(app: ApiApp, { accounts, config }: ApiContext): void {
  const rateLimit = { max: config.signInLimitPerMinute, timeWindow: 60_000, groupId: 'confirm-password' };
  const password = operation({
    id: 'changePassword',
    tag: 'account',
    summary: 'Change password',
    description: `Changes the password of the account, and ends its sessions except the one of this request. API keys keep working. ${note}`,
    body: PasswordBody,
  });
  app.put(
    '/users/account/password',
    { ...password, config: { ...password.config, rateLimit } },
    async (request) => {
      const { current_password: known, password: wanted } = request.body;
      await accounts.credentials.changePassword({ current: known, password: wanted }, request.session?.id, {
        ...actorOf(request),
        accountId: request.accountId,
      });
      return success(request);
    },
  );

  const email = operation({
    id: 'changeEmail',
    tag: 'account',
    summary: 'Change e-mail address',
    description: `Changes the e-mail address that the account signs in with. ${note}`,
    body: EmailBody,
  });
  app.put('/users/account/email', { ...email, config: { ...email.config, rateLimit } }, async (request) => {
    const { current_password: known, email: wanted } = request.body;
    await accounts.credentials.changeEmail(
      { current: known, email: wanted.trim() },
      { ...actorOf(request), accountId: request.accountId },
    );
    return success(request);
  });
}

function addReading(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    '/users/account',
    operation({
      id: 'getAccount',
      tag: 'account',
      summary: 'Get user account',
      description: 'Returns the balance of the authenticated account.',
      data: Balance,
    }),
    async (request) => {
      const account = await accounts.get(request.accountId);
      return success(request, {
        balance: decimal(account.balance),
        balance_expiration_at: unixSeconds(account.balanceExpiresAt),
      });
    },
  );

  app.get(
    '/users/account/details',
    operation({
      id: 'getAccountDetails',
      tag: 'account',
      summary: 'Get account details',
      description:
        'Returns name, plan and balance of the authenticated account, and its number of concurrent runs. An extension of the published API.',
      data: AccountDetails,
    }),
    async (request) => {
      const [account, activeRuns] = await Promise.all([
        accounts.get(request.accountId),
        accounts.activeRuns(request.accountId),
      ]);
      return success(request, {
        ...accountShape(account),
        concurrent_runs: account.plan.concurrentRuns ?? 0,
        active_runs: activeRuns,
      });
    },
  );
}
