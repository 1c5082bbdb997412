/** Links that work without a credential: a path, an expiry time and an HMAC of both. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ChelaError } from '../errors.ts';

export class SignedLinks {
  readonly #secret: Buffer;
  readonly #lifetimeSeconds: number;

  constructor(secret: Buffer, lifetimeSeconds: number) {
    this.#secret = secret;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  #signature(path: string, expires: number): string {
    return createHmac('sha256', this.#secret).update(`${expires}\n${path}`).digest('base64url');
  }

  /** @param path absolute path on this server, without a query */
  sign(baseUrl: string, path: string): string {
    const expires = Math.floor(Date.now() / 1000) + this.#lifetimeSeconds;
    return `${baseUrl}${path}?expires=${expires}&signature=${this.#signature(path, expires)}`;
  }

  /** @throws ChelaError LINK_EXPIRED if the link has expired or was altered */
  verify(path: string, query: { expires?: unknown; signature?: unknown }): void {
    const expires = Number(query.expires);
    const wanted = Buffer.from(this.#signature(path, expires));
    const given = Buffer.from(typeof query.signature === 'string' ? query.signature : '');
    const genuine = given.length === wanted.length && timingSafeEqual(given, wanted);
    if (!genuine) throw new ChelaError('LINK_EXPIRED', 'this link was altered: ask the API for a new one');
    if (!(expires > Date.now() / 1000)) {
      throw new ChelaError('LINK_EXPIRED', 'this link has expired: ask the API for a new one');
    }
  }
}
