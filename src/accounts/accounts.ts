/** The façade of accounts: who they are, what they may do and what they pay. */
import type { Pool, PoolClient } from 'pg';
import type { Config } from '../configuration/configuration.ts';
import { channels, type Database, type Notifications } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import { isTimezone } from '../time/timezone.ts';
import type { Service } from '../services/service.ts';
import { accountOf, selectAccounts, type Account, type AccountRow } from './account-record.ts';
import { ApiKeys } from './api-keys.ts';
import { AuditLog, operator, recordAudit, type Actor } from './audit.ts';
import { Authenticator, type Identity } from './authenticator.ts';
import { Plans } from './plans.ts';
import { checkEmail } from './email-address.ts';
import { emailTaken, SignInCredentials } from './credentials.ts';
import { dismissFirstSteps, firstSteps, type FirstSteps } from './first-steps.ts';
import { Sessions } from './sessions.ts';
import { SetupLinks } from './setup-links.ts';
import { AccountUpkeep } from './upkeep.ts';
import { Usage } from './usage.ts';

export { Plans } from './plans.ts';
export { Usage } from './usage.ts';

export { operator, type Actor, type AuditEvent, type AuditRecord } from './audit.ts';
export type { ApiKeyRecord } from './api-keys.ts';
export type { SessionOrigin, SessionRecord } from './sessions.ts';
export { csrfTokenOf, isCsrfToken } from './sessions.ts';
export type { Identity } from './authenticator.ts';
export type { UsageEntry } from './usage.ts';
export type { Account } from './account-record.ts';
export { emailLength } from './email-address.ts';
export { durationText, PasswordRecovery } from './password-recovery.ts';
export { passwordLength } from './credentials.ts';

export interface AccountChanges {
  readonly name?: string;
  /** Used to sign in; checked like that of a set-up link. */
  readonly email?: string;
  readonly plan?: string;
  /** IANA name; empty for the time zone of the installation. */
  readonly timezone?: string;
  readonly isAdmin?: boolean;
  readonly isDisabled?: boolean;
}

/** The account that owns the bundled workers. It has no API key. */
export const systemAccountName = 'chela';
/** The account created on first start. */
export const adminAccountName = 'admin';

type AccountsConfig = Pick<
  Config,
  | 'plans'
  | 'defaultPlan'
  | 'pricePerResult'
  | 'pricePerGigabyteHour'
  | 'pricePerCpuHour'
  | 'pricePerGigabyteTraffic'
  | 'apiKeyLimit'
  | 'setupLinkLifetimeSeconds'
  | 'sessionLifetimeSeconds'
  | 'auditRetentionDays'
>;

interface AccountsOptions {
  readonly database: Database;
  /** Reports keys revoked by other processes; without it, a revocation takes up to 5 s to be noticed. */
  readonly notifications?: Notifications;
  readonly config: AccountsConfig;
  readonly events: Events;
}

export class Accounts {
  readonly keys: ApiKeys;
  readonly plans: Plans;
  readonly usage: Usage;
  readonly audit: AuditLog;
  readonly setupLinks: SetupLinks;
  readonly credentials: SignInCredentials;
  readonly sessions: Sessions;
  readonly #database: Database;
  readonly #events: Events;
  readonly #authenticator: Authenticator;

  constructor({ database, notifications, config, events }: AccountsOptions) {
    this.#database = database;
    this.#events = events;
    this.#authenticator = new Authenticator(database, notifications, events);
    this.keys = new ApiKeys(database, config.apiKeyLimit);
    this.plans = new Plans(config);
    this.usage = new Usage(database, this.plans, config);
    this.audit = new AuditLog(database, config.auditRetentionDays);
    this.setupLinks = new SetupLinks(database, config.setupLinkLifetimeSeconds);
    this.credentials = new SignInCredentials(database);
    this.sessions = new Sessions(database, config.sessionLifetimeSeconds);
  }

  /** Which first steps the account has taken. */
  async firstSteps(accountId: number): Promise<FirstSteps> {
    return firstSteps(this.#database, accountId);
  }

  /** Hides the first steps of the account. */
  async dismissFirstSteps(accountId: number): Promise<void> {
    await dismissFirstSteps(this.#database, accountId);
  }

  /** Background work of accounts, to run for as long as the platform serves them. */
  upkeep(): Service {
    return new AccountUpkeep({
      authenticator: this.#authenticator,
      audit: this.audit,
      sessions: this.sessions,
      events: this.#events,
    });
  }

  /** The account of that name, created if there is none. */
  async ensure(name: string): Promise<Account> {
    await this.#database.sql
      .insertInto('account')
      .values({ name, is_admin: name === adminAccountName })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    return this.byName(name);
  }

  async get(accountId: number): Promise<Account> {
    return this.#read(this.#database.pool, accountId);
  }

  /** @throws ChelaError NOT_FOUND */
  async byName(name: string): Promise<Account> {
    const { rows } = await this.#database.pool.query<AccountRow>(`${selectAccounts} WHERE name = $1`, [name]);
    const [row] = rows;
    if (row === undefined) throw new ChelaError('NOT_FOUND', `account ${name} does not exist`);
    return accountOf(row, this.plans);
  }

  /** One page of accounts, ordered by name. */
  async list(page: { number: number; size: number }): Promise<{ count: number; list: Account[] }> {
    const { count } = await this.#database.sql
      .selectFrom('account')
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const { rows } = await this.#database.pool.query<AccountRow>(
      `${selectAccounts} ORDER BY name LIMIT $1 OFFSET $2`,
      [page.size, (page.number - 1) * page.size],
    );
    return { count, list: rows.map((row) => accountOf(row, this.plans)) };
  }

  async #read(client: Pool | PoolClient, accountId: number): Promise<Account> {
    const { rows } = await client.query<AccountRow>(`${selectAccounts} WHERE account.id = $1`, [accountId]);
    const [row] = rows;
    if (row === undefined) throw new ChelaError('SYSTEM_ERROR');
    return accountOf(row, this.plans);
  }

  /** @throws ChelaError INVALID_ARGUMENT if the name or the e-mail address is taken, or the plan or time zone does not exist */
  async create(details: AccountChanges & { name: string }, actor: Actor): Promise<Account> {
    this.#check(details);
    const { name, email, plan, timezone, isAdmin } = details;
    return this.#database
      .transaction(async (client) => {
        const { rows } = await client.query<{ id: number }>(
          `INSERT INTO account (name, email, plan, timezone, is_admin) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (name) DO NOTHING RETURNING id`,
          [name, email ?? null, plan ?? null, timezone || null, isAdmin ?? false],
        );
        const [row] = rows;
        if (row === undefined) throw nameTaken(name);
        await recordAudit(client, actor, {
          action: 'account.created',
          accountId: row.id,
          subject: name,
          details: auditDetails(details),
        });
        return this.#read(client, row.id);
      })
      .catch(emailTaken);
  }

  /**
   * Changes the given fields and keeps the others. A disabled account cannot be signed in to, its keys and sessions are
   * refused, and it starts no runs; those in progress continue.
   * @throws ChelaError NOT_FOUND for an unknown account; INVALID_ARGUMENT if the name or the e-mail address is taken, the
   *   plan or time zone does not exist, or the platform relies on the field to change
   */
  async update(accountName: string, changes: AccountChanges, actor: Actor): Promise<Account> {
    this.#check(changes);
    checkNotReliedOn(accountName, changes);
    const { account, keyHashes } = await this.#database
      .transaction(async (client) => {
        const { id } = await lockAccount(client, accountName);
        if (changes.isDisabled === true && id === actor.accountId)
          throw invalidArgument('you cannot disable your own account');
        await this.#write(client, id, accountName, changes);
        await recordAudit(client, actor, {
          action: 'account.changed',
          accountId: id,
          subject: accountName,
          details: auditDetails(changes),
        });
        const hashes = changes.isDisabled === true ? await shutOut(client, id) : [];
        return { account: await this.#read(client, id), keyHashes: hashes };
      })
      .catch(emailTaken);
    for (const hash of keyHashes) this.#authenticator.distrust(hash);
    return account;
  }

  async #write(client: PoolClient, id: number, accountName: string, changes: AccountChanges): Promise<void> {
    const { name, email, plan, timezone, isAdmin, isDisabled } = changes;
    if (name !== undefined && name !== accountName) await checkNameFree(client, name);
    await client.query(
      `UPDATE account SET name = coalesce($2, name), plan = coalesce($3, plan),
         timezone = nullif(coalesce($4, timezone), ''), is_admin = coalesce($5, is_admin), email = coalesce($6, email),
         disabled_at = CASE WHEN $7::boolean THEN coalesce(disabled_at, now()) WHEN NOT $7 THEN NULL ELSE disabled_at END
       WHERE id = $1`,
      [id, name ?? null, plan ?? null, timezone ?? null, isAdmin ?? null, email ?? null, isDisabled ?? null],
    );
  }

  /**
   * Adds an amount to the balance of an account.
   * @param change.amount decimal string; negative to subtract
   * @param change.expiresAt when the whole balance expires; null for never; unchanged if omitted
   * @throws ChelaError NOT_FOUND for an unknown account
   */
  async changeBalance(
    accountName: string,
    change: { amount: string; expiresAt?: Date | null; note?: string },
    actor: Actor,
  ): Promise<Account> {
    const { amount, expiresAt, note } = change;
    return this.#database.transaction(async (client) => {
      const account = await lockAccount(client, accountName);
      await client.query(
        `UPDATE account SET balance = balance + $2::numeric,
           balance_expiration_at = CASE WHEN $3 THEN $4::timestamptz ELSE balance_expiration_at END
         WHERE id = $1`,
        [account.id, amount, expiresAt !== undefined, expiresAt ?? null],
      );
      const changed = await this.#read(client, account.id);
      await recordAudit(client, actor, {
        action: 'balance.changed',
        accountId: account.id,
        subject: accountName,
        details: {
          amount,
          balance: changed.balance,
          ...(expiresAt !== undefined && { expires_at: expiresAt?.toISOString() ?? null }),
          ...(note !== undefined && { note }),
        },
      });
      return changed;
    });
  }

  async isAdmin(accountId: number): Promise<boolean> {
    const { rows } = await this.#database.pool.query<{ is_admin: boolean }>({
      name: 'is-admin',
      text: 'SELECT is_admin FROM account WHERE id = $1',
      values: [accountId],
    });
    return rows[0]?.is_admin ?? false;
  }

  /**
   * Creates the set-up link of an account: an invitation, or a way back in.
   * @throws ChelaError NOT_FOUND for an unknown account; INVALID_ARGUMENT for a disabled one, and the platform's own
   */
  async createSetupLink(accountName: string, actor: Actor): Promise<{ token: string; account: Account }> {
    if (accountName === systemAccountName) throw belongsToPlatform();
    const { id, state } = await this.byName(accountName);
    if (state === 'disabled')
      throw invalidArgument(`account ${accountName} is disabled: enable it before you make a link`);
    const token = await this.setupLinks.create(id);
    await this.audit.record(actor, { action: 'account.link_created', accountId: id, subject: accountName });
    return { token, account: await this.get(id) };
  }

  /** Whether the account has a password, set through a set-up link. */
  async hasPassword(accountId: number): Promise<boolean> {
    const { password_hash: hash } = await this.#database.sql
      .selectFrom('account')
      .select('password_hash')
      .where('id', '=', accountId)
      .executeTakeFirstOrThrow();
    return hash !== null;
  }

  async hasKeys(accountId: number): Promise<boolean> {
    const found = await this.#database.sql
      .selectFrom('api_key')
      .select('id')
      .where('account_id', '=', accountId)
      .limit(1)
      .executeTakeFirst();
    return found !== undefined;
  }

  /** Number of runs that are ready or running. */
  async activeRuns(accountId: number): Promise<number> {
    const { count } = await this.#database.sql
      .selectFrom('run')
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .where('account_id', '=', accountId)
      .where('status', 'in', ['ready', 'running'])
      .executeTakeFirstOrThrow();
    return count;
  }

  /**
   * Creates an API key on behalf of the operator.
   * @returns the key, which is not stored and cannot be shown again
   */
  async createKey(
    accountId: number,
    name: string,
    options: { key?: string; expiresAt?: Date } = {},
  ): Promise<string> {
    return (await this.keys.create(accountId, { name, ...options }, operator)).key;
  }

  /** Revokes a key at once, in every process, on behalf of the operator. @returns whether the key was valid */
  async revokeKey(key: string): Promise<boolean> {
    const hash = await this.keys.revokeByKey(key, operator);
    if (hash !== undefined) this.#authenticator.distrust(hash);
    return hash !== undefined;
  }

  /** Revokes a key of an account at once, in every process. @throws ChelaError NOT_FOUND */
  async revokeKeyOf(accountId: number, slug: string, actor: Actor): Promise<void> {
    this.#authenticator.distrust(await this.keys.revoke(accountId, slug, actor));
  }

  /** @returns undefined if the API key is wrong, expired or revoked */
  authenticate(apiKey: string): Promise<Identity | undefined> {
    return this.#authenticator.authenticate(apiKey);
  }

  #check({ email, plan, timezone }: AccountChanges): void {
    if (email !== undefined) checkEmail(email);
    if (plan !== undefined) this.plans.check(plan);
    if (timezone !== undefined && timezone !== '' && !isTimezone(timezone)) {
      throw invalidArgument(
        `time zone ${timezone} does not exist: use an IANA name such as Europe/Berlin or UTC`,
      );
    }
  }
}

function nameTaken(name: string): ChelaError {
  return invalidArgument(`account ${name} already exists: choose another name`);
}

function belongsToPlatform(): ChelaError {
  return invalidArgument(
    `the account ${systemAccountName} belongs to the platform: nobody can sign in to it`,
  );
}

/** Ends the sessions of an account that was disabled, and tells every process to check its keys again. @returns their hashes */
async function shutOut(client: PoolClient, accountId: number): Promise<string[]> {
  await client.query('DELETE FROM session WHERE account_id = $1', [accountId]);
  const { rows } = await client.query<{ hash: string }>(
    `SELECT encode(key_hash, 'hex') AS hash, pg_notify($2, encode(key_hash, 'hex')) FROM api_key
     WHERE account_id = $1 AND revoked_at IS NULL`,
    [accountId, channels.apiKeyRevoked],
  );
  return rows.map(({ hash }) => hash);
}

async function lockAccount(client: PoolClient, name: string): Promise<{ id: number }> {
  const { rows } = await client.query<{ id: number }>('SELECT id FROM account WHERE name = $1 FOR UPDATE', [
    name,
  ]);
  const [account] = rows;
  if (account === undefined) throw new ChelaError('NOT_FOUND', `account ${name} does not exist`);
  return account;
}

async function checkNameFree(client: PoolClient, name: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM account WHERE name = $1', [name]);
  if (rowCount !== 0) throw nameTaken(name);
}

/** The platform looks up two accounts by name at every start, and the operator needs one of them to sign in. */
function checkNotReliedOn(accountName: string, changes: AccountChanges): void {
  const isReliedOn = accountName === adminAccountName || accountName === systemAccountName;
  if (isReliedOn && changes.name !== undefined && changes.name !== accountName) {
    throw invalidArgument(`account ${accountName} cannot be renamed: the platform depends on its name`);
  }
  if (accountName === adminAccountName && changes.isAdmin === false) {
    throw invalidArgument(`account ${accountName} must remain an administrator`);
  }
  if (isReliedOn && changes.isDisabled === true) {
    throw invalidArgument(`account ${accountName} cannot be disabled: the platform depends on it`);
  }
  if (accountName === systemAccountName && changes.email !== undefined) throw belongsToPlatform();
}

function auditDetails({
  name,
  email,
  plan,
  timezone,
  isAdmin,
  isDisabled,
}: AccountChanges): Record<string, unknown> {
  return {
    ...(name !== undefined && { name }),
    ...(plan !== undefined && { plan }),
    ...(timezone !== undefined && { timezone }),
    ...(email !== undefined && { email }),
    ...(isAdmin !== undefined && { is_admin: isAdmin }),
    ...(isDisabled !== undefined && { is_disabled: isDisabled }),
  };
}
