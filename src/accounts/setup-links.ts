/** Links with which accounts set their e-mail address and password. A link works once and expires. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { invalidArgument } from '../errors.ts';
import { recordAudit, type Actor } from './audit.ts';
import { checkPassword, emailTaken } from './credentials.ts';
import { checkEmail } from './email-address.ts';
import { hashPassword } from './passwords.ts';

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

const askForAnother = 'ask an administrator for a new one, or run "chela set-up-link ACCOUNT" on the server';

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** What a link is for: the first password of an account, or a new one for its owner who cannot sign in. */
export type SetupLinkPurpose = 'set_up' | 'recover';

export interface OpenSetupLink {
  readonly account: string;
  /** `''` if the account has none. */
  readonly email: string;
  readonly purpose: SetupLinkPurpose;
  readonly expiresAt: Date;
}

interface LinkRow {
  readonly name: string;
  readonly email: string | null;
  readonly has_password: boolean;
  readonly expires_at: Date;
  readonly is_used: boolean;
  readonly is_expired: boolean;
  readonly is_disabled: boolean;
}

export class SetupLinks {
  readonly #database: Database;
  readonly #lifetimeSeconds: number;

  constructor(database: Database, lifetimeSeconds: number) {
    this.#database = database;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /** Creates an account's link and invalidates the previous one. @returns its token, of which only a hash is stored */
  async create(accountId: number): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    await this.#database.pool.query(
      `INSERT INTO setup_link (account_id, token_hash, expires_at)
       VALUES ($1, $2, now() + make_interval(secs => $3))
       ON CONFLICT (account_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = now(),
         expires_at = excluded.expires_at, used_at = NULL`,
      [accountId, hashOf(token), this.#lifetimeSeconds],
    );
    return token;
  }

  /** @throws ChelaError INVALID_ARGUMENT if the token is wrong, used or expired */
  async check(token: string): Promise<OpenSetupLink> {
    const { rows } = await this.#database.pool.query<LinkRow>(
      `SELECT name, email, password_hash IS NOT NULL AS has_password, expires_at, used_at IS NOT NULL AS is_used,
         expires_at <= now() AS is_expired, disabled_at IS NOT NULL AS is_disabled
       FROM setup_link JOIN account ON account.id = account_id WHERE token_hash = $1`,
      [hashOf(token)],
    );
    const [link] = rows;
    if (link === undefined) {
      throw invalidArgument(`this set-up link is invalid or was replaced by a newer one: ${askForAnother}`);
    }
    if (link.is_disabled)
      throw invalidArgument('this account is disabled: ask an administrator to enable it');
    if (link.is_used) throw invalidArgument('this set-up link was already used: it works only once');
    if (link.is_expired) throw invalidArgument(`this set-up link has expired: ${askForAnother}`);
    return {
      account: link.name,
      email: link.email ?? '',
      purpose: link.has_password ? 'recover' : 'set_up',
      expiresAt: link.expires_at,
    };
  }

  /**
   * Uses a link: sets e-mail address and password of its account, and ends its sessions.
   * @returns the account
   * @throws ChelaError if the token or the credentials are invalid; the link remains valid
   */
  async redeem(
    token: string,
    { email, password }: Credentials,
    requestId: string,
  ): Promise<{ id: number; name: string }> {
    checkEmail(email);
    checkPassword(password);
    await this.check(token);
    const passwordHash = await hashPassword(password);
    const redeemed = await this.#database
      .transaction(async (client) => {
        const { rows: used } = await client.query<{ account_id: number }>(
          `UPDATE setup_link SET used_at = now()
           WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING account_id`,
          [hashOf(token)],
        );
        const [link] = used;
        if (link === undefined) return undefined;
        const { rows } = await client.query<{ id: number; name: string }>(
          `UPDATE account SET email = $2, password_hash = $3 WHERE id = $1 AND disabled_at IS NULL RETURNING id, name`,
          [link.account_id, email, passwordHash],
        );
        const [account] = rows;
        if (account === undefined)
          throw invalidArgument('this account is disabled: ask an administrator to enable it');
        await client.query('DELETE FROM session WHERE account_id = $1', [account.id]);
        const actor: Actor = { accountId: account.id, requestId };
        await recordAudit(client, actor, {
          action: 'account.set_up',
          subject: account.name,
          details: { email },
        });
        return account;
      })
      .catch(emailTaken);
    // Another request used the link while this one hashed the password.
    if (redeemed === undefined)
      throw invalidArgument('this set-up link was already used: it works only once');
    return redeemed;
  }
}
