/** Sessions of the console: sign in with e-mail address and password, sign out. Extensions of the published API. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Session } from '../../answers/credentials.ts';
import { csrfTokenOf, emailLength, passwordLength, type SessionRecord } from '../../accounts/accounts.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { sessionCookie, sessionTokenOf } from '../authentication.ts';
import { ChelaError } from '../../errors.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { unixSeconds } from './shapes.ts';

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

  /** The cookie is limited to the console's path, hidden from scripts, and not sent with requests from other sites. */
  function setCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
    void reply.setCookie(sessionCookie, token, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: context.baseUrl(request).startsWith('https:'),
      maxAge: config.sessionLifetimeSeconds,
    });
  }

  const signIn = operation({
    id: 'createSession',
    tag: 'account',
    summary: 'Sign in',
    description: `Starts a session with e-mail address and password. The answer sets a cookie that authenticates like an API key. ${note}`,
    public: true,
    body: SignInBody,
    data: Session,
  });
  const attempts = { max: config.signInLimitPerMinute, timeWindow: 60_000, groupId: 'sign-in' };
  app.post(
    '/session',
    { ...signIn, config: { ...signIn.config, rateLimit: attempts } },
    async (request, reply) => {
      const { email, password } = request.body;
      const session = await accounts.sessions.begin(email, password, request.id);
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

  app.delete(
    '/sessions',
    operation({
      id: 'deleteSessions',
      tag: 'account',
      summary: 'Sign out everywhere',
      description: `Ends all sessions of the account, in all browsers. API keys keep working. ${note}`,
    }),
    async (request, reply) => {
      await accounts.sessions.endAll(request.accountId, request.id);
      void reply.clearCookie(sessionCookie, { path: '/' });
      return success(request);
    },
  );
}
