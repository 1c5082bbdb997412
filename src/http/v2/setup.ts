/**
 * Set-up links, with which people choose the e-mail address and password of their account, and ways to get one. Extensions
 * of the published API.
 */
import { Type } from 'typebox';
import { OpenSetupLink, RecoveryWays, SetupResult } from '../../answers/accounts.ts';
import { emailLength, passwordLength } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { addressOf, sessionOriginOf, setSessionCookie } from '../authentication.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { unixSeconds } from './shapes.ts';

const tag = 'account';
const note = 'An extension of the published API.';

const token = Type.String({
  description: 'The token in the set-up link.',
  minLength: 1,
  maxLength: 200,
  examples: ['T0kenOfTheSetUpLink'],
});
const LinkBody = Type.Object({ token }, { additionalProperties: false });
const SetupBody = Type.Object(
  {
    token,
    email: Type.String({
      description: 'E-mail address to sign in with.',
      maxLength: emailLength,
      examples: ['admin@example.com'],
    }),
    password: Type.String({
      description: `Password to sign in with, at least ${passwordLength.minimum} characters.`,
      examples: ['correct horse battery staple'],
    }),
  },
  { additionalProperties: false },
);
const RecoveryBody = Type.Object(
  {
    email: Type.String({
      description: 'E-mail address of the account.',
      minLength: 1,
      maxLength: emailLength,
      examples: ['ada@example.com'],
    }),
  },
  { additionalProperties: false },
);

export function addSetupOperations(app: ApiApp, context: ApiContext): void {
  addLinks(app, context);
  addRecovery(app, context);
}

function addLinks(app: ApiApp, context: ApiContext): void {
  const { accounts, config } = context;
  app.post(
    '/setup',
    operation({
      id: 'setUpAccount',
      tag,
      summary: 'Set up account',
      description: `Sets the e-mail address and password of an account, with the token of a set-up link, and signs in: the answer sets the cookie of a session. Other sessions of the account end. The link works once. ${note}`,
      public: true,
      body: SetupBody,
      data: SetupResult,
    }),
    async (request, reply) => {
      const { token: given, password } = request.body;
      const email = request.body.email.trim();
      const account = await accounts.setupLinks.redeem(given, { email, password }, request.id);
      const session = await accounts.sessions.open(account, request.id, sessionOriginOf(request));
      setSessionCookie(reply, session.token, {
        isSecure: context.baseUrl(request).startsWith('https:'),
        lifetimeSeconds: config.sessionLifetimeSeconds,
      });
      return success(request, { account: account.name, email });
    },
  );

  app.post(
    '/setup/link',
    operation({
      id: 'readSetupLink',
      tag,
      summary: 'Read set-up link',
      description: `Returns what a set-up link is for, without using it. ${note}`,
      public: true,
      body: LinkBody,
      data: OpenSetupLink,
    }),
    async (request) => {
      const { account, email, purpose, expiresAt } = await accounts.setupLinks.check(request.body.token);
      return success(request, { account, email, purpose, expires_at: unixSeconds(expiresAt) });
    },
  );
}

function addRecovery(app: ApiApp, { recovery, config }: ApiContext): void {
  app.get(
    '/recovery',
    operation({
      id: 'getRecoveryWays',
      tag,
      summary: 'Get ways to a new password',
      description: `Returns whether people who forgot their password get a set-up link by mail. ${note}`,
      public: true,
      data: RecoveryWays,
    }),
    (request) => success(request, { by_mail: recovery.isByMail }),
  );

  const request = operation({
    id: 'requestRecovery',
    tag,
    summary: 'Send set-up link by mail',
    description: `Sends a set-up link to an e-mail address, if an account has it. The answer is the same in either case. An address gets at most one letter in five minutes. ${note}`,
    public: true,
    body: RecoveryBody,
  });
  const attempts = {
    max: config.signInLimitPerMinute,
    timeWindow: 60_000,
    groupId: 'recovery',
    keyGenerator: addressOf,
  };
  app.post('/recovery', { ...request, config: { ...request.config, rateLimit: attempts } }, async (asked) => {
    await recovery.request(asked.body.email);
    return success(asked);
  });
}
