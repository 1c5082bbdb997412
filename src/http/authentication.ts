/**
 * Three ways to say who you are: bearer token, `api-key` header, `token` in the query. One valid credential is enough. The
 * console's cookie is a fourth, for requests that offer none of them.
 */
import type { FastifyRequest } from 'fastify';
import { isCsrfToken, type Accounts, type Actor, type SessionRecord } from '../accounts/accounts.ts';
import { ChelaError } from '../errors.ts';
import type { Origin } from '../runs/statuses.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Anybody may call the operation; a valid credential still says whose private workers are visible. */
    public?: boolean;
    /** Only administrators may call the operation; to others it is not there. */
    admin?: boolean;
  }
  interface FastifyRequest {
    /** Key of the account the request comes from; 0 without a valid credential, which only public operations see. */
    accountId: number;
    /** Key of the API key the request came with; 0 without a valid credential. */
    apiKeyId: number;
    /** The session of the console that the request comes from, where it offers no API key. */
    session: SessionRecord | undefined;
  }
}

/** What the request offers, blank ones left out. A header of another scheme than Bearer is a wrong credential. */
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

/** The token of the session's cookie; `''` without one. */
export function sessionTokenOf(request: FastifyRequest): string {
  return request.cookies[sessionCookie] ?? '';
}

/**
 * Sets `request.session` where the cookie is that of a session. Browsers send cookies with what other sites ask of them
 * too: what may change something counts only with the token that only pages of this server can read.
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

/** Sets `request.accountId` where one of the credentials is valid. */
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
 * Refuses a request that `identify` found no account for, unless its operation is public.
 * @throws ChelaError UNAUTHORIZED without a credential, INVALID_TOKEN with wrong ones only
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
 * Refuses a request for an operation of administrators that comes from another account, as if there were no such route.
 * @throws ChelaError NOT_FOUND
 */
export async function requireAdmin(request: FastifyRequest, accounts: Accounts): Promise<void> {
  if (request.routeOptions.config.admin !== true || (await accounts.isAdmin(request.accountId))) return;
  const [path = ''] = request.url.split('?');
  throw new ChelaError('NOT_FOUND', `no such route: ${path}`);
}

/** Who asks, for the audit log. */
export function actorOf(request: FastifyRequest): Actor {
  const { accountId, apiKeyId, session, id: requestId } = request;
  return session === undefined ? { accountId, apiKeyId, requestId } : { accountId, requestId };
}

/** What a run that the request starts has as its origin. */
export function originOf(request: FastifyRequest): Origin {
  return request.session === undefined ? 'api_v2' : 'console';
}
