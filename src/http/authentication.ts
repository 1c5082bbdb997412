/** Three ways to say who you are: bearer token, `api-key` header, `token` in the query. One valid credential is enough. */
import type { FastifyRequest } from 'fastify';
import type { Accounts, Actor } from '../accounts/accounts.ts';
import { ChelaError } from '../errors.ts';

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
  }
}

/** What the request offers, blank ones left out. A header of another scheme than Bearer is a wrong credential. */
export function credentialsOf(request: FastifyRequest): string[] {
  const { authorization } = request.headers;
  const apiKey = request.headers['api-key'];
  const token = (request.query as { token?: string | string[] } | undefined)?.token;
  const bearer =
    authorization === undefined ? [] : [/^bearer(?:\s+|$)(.*)$/i.exec(authorization)?.[1] ?? authorization];
  return [...bearer, apiKey ?? [], token ?? []]
    .flat()
    .map((credential) => credential.trim())
    .filter((credential) => credential !== '');
}

/** Sets `request.accountId` where one of the credentials is valid. */
export async function identify(request: FastifyRequest, accounts: Accounts): Promise<void> {
  for (const credential of credentialsOf(request)) {
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
  return { accountId: request.accountId, apiKeyId: request.apiKeyId, requestId: request.id };
}
