/** Sessions of browsers that signed in with e-mail address and password. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ulid } from 'ulid';
import type { Database } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import { recordAudit } from './audit.ts';
import { hashPassword, isPasswordOf } from './passwords.ts';

export interface SessionRecord {
  readonly id: number;
  readonly accountId: number;
  readonly expiresAt: Date;
}

export interface NewSession extends SessionRecord {
  /** Kept by the browser only; the database has its hash. */
  readonly token: string;
}

/** Where a session comes from, to recognize it in the list. */
export interface SessionOrigin {
  /** Of the connection. */
  readonly address: string;
  /** As the browser names itself. */
  readonly userAgent: string;
}

export interface ListedSession {
  readonly id: number;
  readonly slug: string;
  readonly address: string;
  readonly user_agent: string;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
}

const unknownOrigin: SessionOrigin = { address: '', userAgent: '' };
const longestUserAgent = 500;

/** A session in use is extended. The time and the expiry are written at most this often. */
const renewalSeconds = 60;

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/**
 * A token that pages of this server can know and other sites cannot. It is derived from the session token, and does not
 * reveal it.
 */
export function csrfTokenOf(token: string): string {
  return createHash('sha256').update(`csrf\n${token}`, 'utf8').digest('base64url');
}

export function isCsrfToken(token: string, given: string): boolean {
  const [wanted, offered] = [Buffer.from(csrfTokenOf(token)), Buffer.from(given)];
  return wanted.length === offered.length && timingSafeEqual(wanted, offered);
}

export class Sessions {
  readonly #database: Database;
  readonly #lifetimeSeconds: number;
  /** Hash to compare with if the address is unknown, so that this takes as long as a wrong password. */
  #decoy: Promise<string> | undefined;

  constructor(database: Database, lifetimeSeconds: number) {
    this.#database = database;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /**
   * Begins a session.
   * @throws ChelaError INVALID_TOKEN if the address or the password is wrong, without saying which; FORBIDDEN if both are
   *   right, but the account is disabled
   */
  async begin(
    email: string,
    password: string,
    requestId: string,
    origin: SessionOrigin = unknownOrigin,
  ): Promise<NewSession> {
    const account = await this.#database.sql
      .selectFrom('account')
      .select(['id', 'name', 'password_hash', 'disabled_at'])
      .where((expression) => expression.fn('lower', ['email']), '=', email.trim().toLowerCase())
      .executeTakeFirst();
    this.#decoy ??= hashPassword(randomBytes(16).toString('hex'));
    const isGenuine = await isPasswordOf(password, account?.password_hash ?? (await this.#decoy));
    if (account?.password_hash == null || !isGenuine) {
      throw new ChelaError('INVALID_TOKEN', 'wrong e-mail address or password');
    }
    if (account.disabled_at !== null) {
      throw new ChelaError('FORBIDDEN', 'this account is disabled: ask an administrator to enable it');
    }
    return this.open(account, requestId, origin);
  }

  /** Begins a session of an account that has just proved who it is in another way. */
  async open(
    account: { readonly id: number; readonly name: string },
    requestId: string,
    { address, userAgent }: SessionOrigin = unknownOrigin,
  ): Promise<NewSession> {
    const token = randomBytes(32).toString('base64url');
    return this.#database.transaction(async (client) => {
      const { rows } = await client.query<{ id: number; expires_at: Date }>(
        `INSERT INTO session (account_id, token_hash, expires_at, slug, address, user_agent)
         VALUES ($1, $2, now() + make_interval(secs => $3), $4, $5, $6) RETURNING id, expires_at`,
        [
          account.id,
          hashOf(token),
          this.#lifetimeSeconds,
          ulid(),
          address,
          userAgent.slice(0, longestUserAgent).toWellFormed(),
        ],
      );
      const [row] = rows;
      if (row === undefined) throw new ChelaError('SYSTEM_ERROR');
      const actor = { accountId: account.id, requestId };
      await recordAudit(client, actor, { action: 'session.begun', subject: account.name });
      return { id: row.id, accountId: account.id, expiresAt: row.expires_at, token };
    });
  }

  /** @returns undefined if there is no such session, it has expired, or its account is disabled */
  async find(token: string): Promise<SessionRecord | undefined> {
    const { rows } = await this.#database.pool.query<{
      id: number;
      account_id: number;
      expires_at: Date;
      is_due: boolean;
    }>({
      name: 'find-session',
      text: `SELECT session.id, account_id, expires_at, last_used_at < now() - make_interval(secs => $2) AS is_due
             FROM session JOIN account ON account.id = account_id
             WHERE token_hash = $1 AND expires_at > now() AND disabled_at IS NULL`,
      values: [hashOf(token), renewalSeconds],
    });
    const [row] = rows;
    if (row === undefined) return undefined;
    const expiresAt = row.is_due ? await this.#renew(row.id, row.expires_at) : row.expires_at;
    return { id: row.id, accountId: row.account_id, expiresAt };
  }

  async #renew(id: number, expiresAt: Date): Promise<Date> {
    const { rows } = await this.#database.pool.query<{ expires_at: Date }>(
      `UPDATE session SET last_used_at = now(), expires_at = now() + make_interval(secs => $2)
       WHERE id = $1 RETURNING expires_at`,
      [id, this.#lifetimeSeconds],
    );
    return rows[0]?.expires_at ?? expiresAt;
  }

  /** Ends one session. Does nothing if it has already ended. */
  async end(id: number): Promise<void> {
    await this.#database.sql.deleteFrom('session').where('id', '=', id).execute();
  }

  /** The sessions of an account that have not expired, last used first. */
  async list(
    accountId: number,
    page: { number: number; size: number },
  ): Promise<{ count: number; list: ListedSession[] }> {
    const { rows } = await this.#database.pool.query<ListedSession & { count: number }>(
      `SELECT id, slug, address, user_agent, created_at, last_used_at, expires_at, count(*) OVER () AS count
       FROM session WHERE account_id = $1 AND expires_at > now()
       ORDER BY last_used_at DESC, id DESC LIMIT $2 OFFSET $3`,
      [accountId, page.size, (page.number - 1) * page.size],
    );
    return { count: rows[0]?.count ?? 0, list: rows };
  }

  /** Ends a session of the account. @throws ChelaError NOT_FOUND */
  async endOne(accountId: number, slug: string, requestId: string): Promise<void> {
    await this.#database.transaction(async (client) => {
      const { rowCount } = await client.query('DELETE FROM session WHERE account_id = $1 AND slug = $2', [
        accountId,
        slug,
      ]);
      if (rowCount !== 1) throw new ChelaError('NOT_FOUND', `session ${slug} does not exist or has ended`);
      await recordAudit(client, { accountId, requestId }, { action: 'session.ended', subject: slug });
    });
  }

  /**
   * Ends the sessions of the account, in all browsers.
   * @param keptId the one that stays; undefined to end all
   */
  async endAll(accountId: number, requestId: string, keptId?: number): Promise<void> {
    await this.#database.transaction(async (client) => {
      const { rows } = await client.query<{ name: string }>('SELECT name FROM account WHERE id = $1', [
        accountId,
      ]);
      await client.query('DELETE FROM session WHERE account_id = $1 AND id IS DISTINCT FROM $2', [
        accountId,
        keptId ?? null,
      ]);
      await recordAudit(
        client,
        { accountId, requestId },
        {
          action: keptId === undefined ? 'session.all_ended' : 'session.others_ended',
          subject: rows[0]?.name ?? '',
        },
      );
    });
  }

  /** Removes expired sessions. */
  async prune(): Promise<void> {
    await this.#database.pool.query('DELETE FROM session WHERE expires_at <= now()');
  }
}
