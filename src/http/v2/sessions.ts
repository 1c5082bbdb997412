/** Sessions of the console: sign in with e-mail address and password, sign out. Extensions of the published API. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ListedSession, Session } from '../../answers/credentials.ts';
import { pagedSchema } from '../../answers/pages.ts';
import { csrfTokenOf, emailLength, passwordLength, type SessionRecord } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import {
  addressOf,
  sessionCookie,
  sessionOriginOf,
  sessionTokenOf,
  setSessionCookie,
} from '../authentication.ts';
import { ChelaError } from '../../errors.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { pageOf, paged, PageQuery, unixSeconds } from './shapes.ts';

const SignInBody = Type.Object(
  {
    email: Type.String({
      description: 'E-mail address of the account.',
      minLength: 1,
      maxLength: emailLength,
      examples: ['admin@example.com'],
    }),
    password: Type.String({
      description: 'Password of the account.',
      minLength: 1,
      maxLength: passwordLength.maximum,
      examples: ['correct horse battery staple'],
    }),
  },
  { additionalProperties: false },
);

/** Limits one account over all addresses. Higher than that of an address, so that nobody keeps an owner out easily. */
const accountFactor = 5;

const note = 'An extension of the published API.';

export function addSessionOperations(app: ApiApp, context: ApiContext): void {
  const { accounts, config } = context;

  async function sessionShape(session: SessionRecord, token: string): Promise<Session> {
    const account = await accounts.get(session.accountId);
    return {
      account: {
        name: account.name,
        email: account.email ?? '',
        is_admin: account.isAdmin,
        timezone: account.timezone ?? config.timezone,
      },
      csrf_token: csrfTokenOf(token),
      expires_at: unixSeconds(session.expiresAt),
    };
  }

  const setCookie = (request: FastifyRequest, reply: FastifyReply, token: string): void =>
    setSessionCookie(reply, token, {
      isSecure: context.baseUrl(request).startsWith('https:'),
      lifetimeSeconds: config.sessionLifetimeSeconds,
    });

  const signIn = operation({
    id: 'createSession',
    tag: 'account',
    summary: 'Sign in',
    description: `Starts a session with e-mail address and password. The answer sets a cookie that authenticates like an API key. ${note}`,
    public: true,
    errors: ['FORBIDDEN'],
    body: SignInBody,
    data: Session,
  });
  const attempts = {
    max: config.signInLimitPerMinute,
    timeWindow: 60_000,
    groupId: 'sign-in',
    keyGenerator: addressOf,
  };
  const attemptsOnAccount = app.createRateLimit({
    max: accountFactor * config.signInLimitPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ body }) => `sign-in ${(body as { email: string }).email.trim().toLowerCase()}`,
  });
  app.post(
    '/session',
    { ...signIn, config: { ...signIn.config, rateLimit: attempts } },
    async (request, reply) => {
      const attempt = await attemptsOnAccount(request);
      if (!attempt.isAllowed && attempt.isExceeded) {
        void reply.header('retry-after', attempt.ttlInSeconds);
        throw new ChelaError(
          'RATE_LIMITED',
          `too many attempts to sign in to this account: try again in ${attempt.ttlInSeconds} seconds`,
        );
      }
      const { email, password } = request.body;
      const session = await accounts.sessions.begin(email, password, request.id, sessionOriginOf(request));
      setCookie(request, reply, session.token);
      return success(request, await sessionShape(session, session.token));
    },
  );

  app.get(
    '/session',
    operation({
      id: 'getSession',
      tag: 'account',
      summary: 'Get session',
      description: `Returns the session of the cookie, and the token that its requests must send. ${note}`,
      data: Session,
    }),
    async (request, reply) => {
      const { session } = request;
      if (session === undefined)
        throw new ChelaError('UNAUTHORIZED', 'not signed in: there is no valid session cookie');
      const token = sessionTokenOf(request);
      setCookie(request, reply, token);
      return success(request, await sessionShape(session, token));
    },
  );

  app.delete(
    '/session',
    operation({
      id: 'deleteSession',
      tag: 'account',
      summary: 'Sign out',
      description: `Ends the session of the cookie. ${note}`,
    }),
    async (request, reply) => {
      if (request.session !== undefined) await accounts.sessions.end(request.session.id);
      void reply.clearCookie(sessionCookie, { path: '/' });
      return success(request);
    },
  );

  addSessionList(app, context);
}

function addSessionList(app: ApiApp, { accounts }: ApiContext): void {
  app.get(
    '/sessions',
    operation({
      id: 'listSessions',
      tag: 'account',
      summary: 'List sessions',
      description: `Returns the sessions of the account, last used first. ${note}`,
      querystring: PageQuery,
      data: pagedSchema(ListedSession),
    }),
    async (request) => {
      const page = pageOf(request.query);
      const { count, list } = await accounts.sessions.list(request.accountId, page);
      const shapes = list.map((session) => ({
        slug: session.slug,
        is_current: session.id === request.session?.id,
        address: session.address,
        user_agent: session.user_agent,
        created_at: unixSeconds(session.created_at),
        last_used_at: unixSeconds(session.last_used_at),
        expires_at: unixSeconds(session.expires_at),
      }));
      return success(request, paged({ count, list: shapes }, page));
    },
  );

  app.delete(
    '/sessions',
    operation({
      id: 'deleteSessions',
      tag: 'account',
      summary: 'Sign out everywhere',
      description: `Ends all sessions of the account, in all browsers. API keys keep working. ${note}`,
      querystring: Type.Object({
        keep_current: Type.Optional(
          Type.Boolean({ description: 'Whether the session of this request stays.', default: false }),
        ),
      }),
    }),
    async (request, reply) => {
      const kept = request.query.keep_current === true ? request.session?.id : undefined;
      await accounts.sessions.endAll(request.accountId, request.id, kept);
      if (kept === undefined) void reply.clearCookie(sessionCookie, { path: '/' });
      return success(request);
    },
  );

  app.delete(
    '/sessions/:sessionId',
    operation({
      id: 'deleteSessionById',
      tag: 'account',
      summary: 'End session',
      description: `Ends one session of the account. ${note}`,
      params: Type.Object({
        sessionId: Type.String({
          description: 'Slug of the session.',
          examples: ['01KKDXV2G26BT7NH4ZQR2R4NPZ'],
        }),
      }),
    }),
    async (request) => {
      await accounts.sessions.endOne(request.accountId, request.params.sessionId, request.id);
      return success(request);
    },
  );
}
