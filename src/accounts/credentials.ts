/** The e-mail address and password that an account signs in with: how they are checked and changed. */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { recordAudit, type Actor } from './audit.ts';
import { checkEmail } from './email-address.ts';
import { hashPassword, isPasswordOf } from './passwords.ts';

export const passwordLength = { minimum: 12, maximum: 200 } as const;

/** @throws ChelaError INVALID_SHAPE that says what is wrong */
export function checkPassword(password: string): void {
  const { minimum, maximum } = passwordLength;
  if (password.length < minimum || password.length > maximum) {
    throw new ChelaError('INVALID_SHAPE', `password must have ${minimum} to ${maximum} characters`);
  }
}

const uniqueViolation = '23505';

/** Turns the database's refusal of a second account with an address into a sentence; rethrows any other error. */
export function emailTaken(error: unknown): never {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  if (code === uniqueViolation && constraint === 'account_email')
    throw invalidArgument('another account already uses this e-mail address');
  throw error;
}

/** A link that somebody else may have, or that was sent to a former address. Its row remembers when it was mailed. */
async function expireLink(client: PoolClient, accountId: number): Promise<void> {
  await client.query(
    'UPDATE setup_link SET expires_at = now() WHERE account_id = $1 AND expires_at > now()',
    [accountId],
  );
}

interface SignInRow {
  readonly name: string;
  readonly password_hash: string | null;
}

export class SignInCredentials {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Changes the password, and ends every other session of the account and its unused set-up link.
   * @param sessionId the session that stays; undefined to end all
   * @throws ChelaError INVALID_ARGUMENT if the current password is wrong, INVALID_SHAPE if the new one is too short
   */
  async changePassword(
    { current, password }: { readonly current: string; readonly password: string },
    sessionId: number | undefined,
    actor: Actor & { readonly accountId: number },
  ): Promise<void> {
    checkPassword(password);
    const before = await this.#confirmed(actor.accountId, current);
    const hash = await hashPassword(password);
    await this.#database.transaction(async (client) => {
      await this.#stillSame(client, actor.accountId, before);
      await client.query('UPDATE account SET password_hash = $2 WHERE id = $1', [actor.accountId, hash]);
      await expireLink(client, actor.accountId);
      await client.query('DELETE FROM session WHERE account_id = $1 AND id IS DISTINCT FROM $2', [
        actor.accountId,
        sessionId ?? null,
      ]);
      await recordAudit(client, actor, { action: 'account.password_changed', subject: before.name });
    });
  }

  /** @throws ChelaError INVALID_ARGUMENT if the current password is wrong or the address is taken, INVALID_SHAPE if it is none */
  async changeEmail(
    { current, email }: { readonly current: string; readonly email: string },
    actor: Actor & { readonly accountId: number },
  ): Promise<void> {
    checkEmail(email);
    const before = await this.#confirmed(actor.accountId, current);
    await this.#database
      .transaction(async (client) => {
        await this.#stillSame(client, actor.accountId, before);
        await client.query('UPDATE account SET email = $2 WHERE id = $1', [actor.accountId, email]);
        await expireLink(client, actor.accountId);
        await recordAudit(client, actor, {
          action: 'account.email_changed',
          subject: before.name,
          details: { email },
        });
      })
      .catch(emailTaken);
  }

  async #confirmed(accountId: number, current: string): Promise<SignInRow> {
    const { rows } = await this.#database.pool.query<SignInRow>(
      'SELECT name, password_hash FROM account WHERE id = $1',
      [accountId],
    );
    const [account] = rows;
    if (account === undefined) throw new ChelaError('SYSTEM_ERROR');
    if (account.password_hash === null)
      throw invalidArgument(
        'this account has no password yet: an administrator can make a set-up link for it',
      );
    if (!(await isPasswordOf(current, account.password_hash)))
      throw invalidArgument('the current password is wrong');
    return account;
  }

  /** Hashing takes a moment, in which another request may have changed the password. */
  async #stillSame(client: PoolClient, accountId: number, before: SignInRow): Promise<void> {
    const { rows } = await client.query<SignInRow>(
      'SELECT name, password_hash FROM account WHERE id = $1 FOR NO KEY UPDATE',
      [accountId],
    );
    if (rows[0]?.password_hash !== before.password_hash)
      throw invalidArgument('the password was changed meanwhile: try again with the current one');
  }
}
