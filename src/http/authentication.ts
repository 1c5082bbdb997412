/**
 * Three ways to authenticate: bearer token, `api-key` header, `token` in the query. One valid credential is enough. The
 * console's cookie is used if a request has none of them.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  isCsrfToken,
  type Accounts,
  type Actor,
  type SessionOrigin,
  type SessionRecord,
} from '../accounts/accounts.ts';
import { ChelaError } from '../errors.ts';
import type { Origin } from '../runs/statuses.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Callable without a credential. A valid one still determines which private workers are visible. */
    public?: boolean;
    /** Callable by administrators only. */
    admin?: boolean;
  }
  interface FastifyRequest {
    /** Key of the requesting account; 0 without a valid credential, which only public operations allow. */
    accountId: number;
    /** Key of the API key of the request; 0 without a valid one. */
    apiKeyId: number;
    /** The console's session, if the request has no API key. */
    session: SessionRecord | undefined;
  }
}

/**
 * The credentials in the request, without blank ones. A header with another scheme than Bearer counts as a wrong
 * credential.
 */
function credentialsOf(request: FastifyRequest): string[] {
  const { authorization } = request.headers;
  const apiKey = request.headers['api-key'];
  const token = (request.query as { token?: string | string[] } | undefined)?.token;
  const bearer = authorization === undefined ? [] : [authorization.replace(/^bearer(?:\s|$)/i, '')];
  return [...bearer, apiKey ?? [], token ?? []]
    .flat()
    .map((credential) => credential.trim())
    .filter((credential) => credential !== '');
}

/** Name of the cookie with the session's token. */
export const sessionCookie = 'chela_session';
const csrfHeader = 'x-csrf-token';
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The cookie is hidden from scripts, and not sent with requests from other sites. */
export function setSessionCookie(
  reply: FastifyReply,
  token: string,
  { isSecure, lifetimeSeconds }: { readonly isSecure: boolean; readonly lifetimeSeconds: number },
): void {
  void reply.setCookie(sessionCookie, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure,
    maxAge: lifetimeSeconds,
  });
}

/** The key of limits that a credential in the request must not change. */
export function addressOf({ ip }: FastifyRequest): string {
  return ip;
}

/** Where a session that the request begins comes from. */
export function sessionOriginOf({ ip, headers }: FastifyRequest): SessionOrigin {
  return { address: ip, userAgent: headers['user-agent'] ?? '' };
}

/** The session token in the cookie; `''` without one. */
export function sessionTokenOf(request: FastifyRequest): string {
  return request.cookies[sessionCookie] ?? '';
}

/**
 * Sets `request.session` if the cookie belongs to a session. Browsers also send cookies with requests made by other
 * sites, so requests that may change something also need the token that only pages of this server can read.
 */
async function identifySession(request: FastifyRequest, accounts: Accounts): Promise<void> {
  const token = sessionTokenOf(request);
  if (token === '') return;
  const proof = request.headers[csrfHeader];
  const isOurs = safeMethods.has(request.method) || (typeof proof === 'string' && isCsrfToken(token, proof));
  const session = isOurs ? await accounts.sessions.find(token) : undefined;
  if (session === undefined) return;
  request.session = session;
  request.accountId = session.accountId;
}

/** Sets `request.accountId` if one of the credentials is valid. */
export async function identify(request: FastifyRequest, accounts: Accounts): Promise<void> {
  const credentials = credentialsOf(request);
  if (credentials.length === 0) await identifySession(request, accounts);
  for (const credential of credentials) {
    const identity = await accounts.authenticate(credential);
    if (identity !== undefined) {
      request.accountId = identity.accountId;
      request.apiKeyId = identity.apiKeyId;
      return;
    }
  }
}

/**
 * Rejects a request without an account, unless its operation is public.
 * @throws ChelaError UNAUTHORIZED without a credential, INVALID_TOKEN if all are wrong
 */
export function requireAccount(request: FastifyRequest): void {
  if (request.accountId !== 0 || request.routeOptions.config.public === true) return;
  if (credentialsOf(request).length === 0) {
    throw new ChelaError(
      'UNAUTHORIZED',
      'authentication required: send "Authorization: Bearer <key>", "api-key: <key>" or "?token=<key>"',
    );
  }
  throw new ChelaError('INVALID_TOKEN', 'invalid token: the API key is wrong, expired or revoked');
}

/**
 * Rejects a request for an administrators' operation from another account.
 * @throws ChelaError FORBIDDEN
 */
export async function requireAdmin(request: FastifyRequest, accounts: Accounts): Promise<void> {
  if (request.routeOptions.config.admin !== true || (await accounts.isAdmin(request.accountId))) return;
  throw new ChelaError('FORBIDDEN', 'only administrators may do this');
}

/** The actor of the request, for the audit log. */
export function actorOf(request: FastifyRequest): Actor {
  const { accountId, apiKeyId, session, id: requestId } = request;
  return session === undefined ? { accountId, apiKeyId, requestId } : { accountId, requestId };
}

const namedOrigins = ['mcp', 'cli'] as const;

/** The origin of a run that the request starts: MCP servers and command lines name themselves in `X-Chela-Origin`. */
export function originOf({ session, headers }: FastifyRequest): Origin {
  if (session !== undefined) return 'console';
  const named = headers['x-chela-origin'];
  return namedOrigins.find((origin) => origin === named) ?? 'api_v2';
}
