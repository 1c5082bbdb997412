/** Links with which accounts set their e-mail address and password. A link works once and expires. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { recordAudit, type Actor } from './audit.ts';
import { hashPassword } from './passwords.ts';

export const passwordLength = { minimum: 12, maximum: 200 } as const;
const emailPattern = /^[^@\s\p{Cc}]+@[^@\s\p{Cc}]+$/u;
export const emailLength = 254;

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

const askForAnother = 'restart Chela to get a new link';

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** @throws ChelaError INVALID_SHAPE that says what is wrong with the e-mail address or the password */
function checkCredentials({ email, password }: Credentials): void {
  if (email.length > emailLength || !emailPattern.test(email)) {
    throw new ChelaError('INVALID_SHAPE', 'email must be an e-mail address such as admin@example.com');
  }
  const { minimum, maximum } = passwordLength;
  if (password.length < minimum || password.length > maximum) {
    throw new ChelaError('INVALID_SHAPE', `password must have ${minimum} to ${maximum} characters`);
  }
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
  async check(token: string): Promise<void> {
    const { rows } = await this.#database.pool.query<{ is_used: boolean; is_expired: boolean }>(
      `SELECT used_at IS NOT NULL AS is_used, expires_at <= now() AS is_expired FROM setup_link WHERE token_hash = $1`,
      [hashOf(token)],
    );
    const [link] = rows;
    if (link === undefined) {
      throw invalidArgument(`this set-up link is invalid or was replaced by a newer one: ${askForAnother}`);
    }
    if (link.is_used) throw invalidArgument('this set-up link was already used: it works only once');
    if (link.is_expired) throw invalidArgument(`this set-up link has expired: ${askForAnother}`);
  }

  /**
   * Uses a link: sets e-mail address and password of its account.
   * @returns the name of the account
   * @throws ChelaError if the token or the credentials are invalid; the link remains valid
   */
  async redeem(token: string, credentials: Credentials, requestId: string): Promise<string> {
    checkCredentials(credentials);
    await this.check(token);
    const passwordHash = await hashPassword(credentials.password);
    const name = await this.#database.transaction(async (client) => {
      const { rows: used } = await client.query<{ account_id: number }>(
        `UPDATE setup_link SET used_at = now()
         WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING account_id`,
        [hashOf(token)],
      );
      const [link] = used;
      if (link === undefined) return undefined;
      const { rows } = await client.query<{ name: string }>(
        `UPDATE account SET email = $2, password_hash = $3
         WHERE id = $1 AND NOT EXISTS (
           SELECT FROM account AS other WHERE lower(other.email) = lower($2) AND other.id <> $1)
         RETURNING name`,
        [link.account_id, credentials.email, passwordHash],
      );
      const [account] = rows;
      if (account === undefined) throw invalidArgument('another account already uses this e-mail address');
      const actor: Actor = { accountId: link.account_id, requestId };
      await recordAudit(client, actor, {
        action: 'account.set_up',
        subject: account.name,
        details: { email: credentials.email },
      });
      return account.name;
    });
    // Another request used the link while this one hashed the password.
    if (name === undefined) throw invalidArgument('this set-up link was already used: it works only once');
    return name;
  }
}
