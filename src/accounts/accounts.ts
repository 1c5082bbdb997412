/** The façade of accounts: who they are, what they may do and what they pay. */
import type { PoolClient } from 'pg';
import type { Config } from '../configuration/configuration.ts';
import type { Database, Notifications } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import { isTimezone } from '../time/timezone.ts';
import type { Service } from '../services/service.ts';
import { ApiKeys } from './api-keys.ts';
import { AuditLog, operator, recordAudit, type Actor } from './audit.ts';
import { Authenticator, type Identity } from './authenticator.ts';
import { Plans, type Plan } from './plans.ts';
import { Sessions } from './sessions.ts';
import { SetupLinks } from './setup-links.ts';
import { AccountUpkeep } from './upkeep.ts';
import { Usage } from './usage.ts';

export { Plans } from './plans.ts';
export { Usage } from './usage.ts';

export type { Actor, AuditEvent, AuditRecord } from './audit.ts';
export type { ApiKeyRecord } from './api-keys.ts';
export type { SessionRecord } from './sessions.ts';
export { csrfTokenOf, isCsrfToken } from './sessions.ts';
export type { Identity } from './authenticator.ts';
export type { Plan } from './plans.ts';
export type { UsageEntry } from './usage.ts';
export { emailLength, passwordLength } from './setup-links.ts';

export interface Account {
  readonly id: number;
  readonly name: string;
  /** Decimal string. */
  readonly balance: string;
  readonly balanceExpiresAt: Date | undefined;
  readonly email: string | undefined;
  readonly plan: Plan;
  readonly timezone: string | undefined;
  readonly isAdmin: boolean;
  readonly createdAt: Date;
}

export interface AccountChanges {
  readonly name?: string;
  readonly plan?: string;
  /** IANA name; empty for the time zone of the installation. */
  readonly timezone?: string;
  readonly isAdmin?: boolean;
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

const accountColumns = [
  'id',
  'name',
  'balance',
  'balance_expiration_at',
  'email',
  'plan',
  'timezone',
  'is_admin',
  'created_at',
] as const;

interface AccountRow {
  id: number;
  name: string;
  balance: string;
  balance_expiration_at: Date | null;
  email: string | null;
  plan: string | null;
  timezone: string | null;
  is_admin: boolean;
  created_at: Date;
}

export class Accounts {
  readonly keys: ApiKeys;
  readonly plans: Plans;
  readonly usage: Usage;
  readonly audit: AuditLog;
  readonly setupLinks: SetupLinks;
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
    this.sessions = new Sessions(database, config.sessionLifetimeSeconds);
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
    const row = await this.#database.sql
      .selectFrom('account')
      .select(accountColumns)
      .where('id', '=', accountId)
      .executeTakeFirstOrThrow();
    return this.#account(row);
  }

  /** @throws ChelaError NOT_FOUND */
  async byName(name: string): Promise<Account> {
    const row = await this.#database.sql
      .selectFrom('account')
      .select(accountColumns)
      .where('name', '=', name)
      .executeTakeFirst();
    if (row === undefined) throw new ChelaError('NOT_FOUND', `account ${name} does not exist`);
    return this.#account(row);
  }

  /** One page of accounts, ordered by name. */
  async list(page: { number: number; size: number }): Promise<{ count: number; list: Account[] }> {
    const { count } = await this.#database.sql
      .selectFrom('account')
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const rows = await this.#database.sql
      .selectFrom('account')
      .select(accountColumns)
      .orderBy('name')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list: rows.map((row) => this.#account(row)) };
  }

  /** @throws ChelaError INVALID_ARGUMENT if the name is taken, or the plan or time zone does not exist */
  async create(details: AccountChanges & { name: string }, actor: Actor): Promise<Account> {
    this.#check(details);
    const { name, plan, timezone, isAdmin } = details;
    return this.#database.transaction(async (client) => {
      const { rows } = await client.query<AccountRow>(
        `INSERT INTO account (name, plan, timezone, is_admin) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO NOTHING RETURNING ${accountColumns.join(', ')}`,
        [name, plan ?? null, timezone || null, isAdmin ?? false],
      );
      const [row] = rows;
      if (row === undefined) throw nameTaken(name);
      await recordAudit(client, actor, {
        action: 'account.created',
        accountId: row.id,
        subject: name,
        details: auditDetails(details),
      });
      return this.#account(row);
    });
  }

  /**
   * Changes the given fields and keeps the others.
   * @throws ChelaError NOT_FOUND for an unknown account; INVALID_ARGUMENT if the name is taken, the plan or time zone
   *   does not exist, or the platform relies on the field to change
   */
  async update(accountName: string, changes: AccountChanges, actor: Actor): Promise<Account> {
    this.#check(changes);
    checkNotReliedOn(accountName, changes);
    return this.#database.transaction(async (client) => {
      const account = await lockAccount(client, accountName);
      const { name, plan, timezone, isAdmin } = changes;
      if (name !== undefined && name !== accountName) await checkNameFree(client, name);
      const { rows } = await client.query<AccountRow>(
        `UPDATE account SET name = coalesce($2, name), plan = coalesce($3, plan), timezone = nullif(coalesce($4, timezone), ''),
           is_admin = coalesce($5, is_admin)
         WHERE id = $1 RETURNING ${accountColumns.join(', ')}`,
        [account.id, name ?? null, plan ?? null, timezone ?? null, isAdmin ?? null],
      );
      const [row] = rows;
      if (row === undefined) throw new ChelaError('SYSTEM_ERROR');
      await recordAudit(client, actor, {
        action: 'account.changed',
        accountId: account.id,
        subject: accountName,
        details: auditDetails(changes),
      });
      return this.#account(row);
    });
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
      const { rows } = await client.query<AccountRow>(
        `UPDATE account SET balance = balance + $2::numeric,
           balance_expiration_at = CASE WHEN $3 THEN $4::timestamptz ELSE balance_expiration_at END
         WHERE id = $1 RETURNING ${accountColumns.join(', ')}`,
        [account.id, amount, expiresAt !== undefined, expiresAt ?? null],
      );
      const [row] = rows;
      if (row === undefined) throw new ChelaError('SYSTEM_ERROR');
      await recordAudit(client, actor, {
        action: 'balance.changed',
        accountId: account.id,
        subject: accountName,
        details: {
          amount,
          balance: row.balance,
          ...(expiresAt !== undefined && { expires_at: expiresAt?.toISOString() ?? null }),
          ...(note !== undefined && { note }),
        },
      });
      return this.#account(row);
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

  #check({ plan, timezone }: AccountChanges): void {
    if (plan !== undefined) this.plans.check(plan);
    if (timezone !== undefined && timezone !== '' && !isTimezone(timezone)) {
      throw invalidArgument(
        `time zone ${timezone} does not exist: use an IANA name such as Europe/Berlin or UTC`,
      );
    }
  }

  #account(row: AccountRow): Account {
    return {
      id: row.id,
      name: row.name,
      balance: row.balance,
      balanceExpiresAt: row.balance_expiration_at ?? undefined,
      email: row.email ?? undefined,
      plan: this.plans.of(row),
      timezone: row.timezone ?? undefined,
      isAdmin: row.is_admin,
      createdAt: row.created_at,
    };
  }
}

function nameTaken(name: string): ChelaError {
  return invalidArgument(`account ${name} already exists: choose another name`);
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
}

function auditDetails({ name, plan, timezone, isAdmin }: AccountChanges): Record<string, unknown> {
  return {
    ...(name !== undefined && { name }),
    ...(plan !== undefined && { plan }),
    ...(timezone !== undefined && { timezone }),
    ...(isAdmin !== undefined && { is_admin: isAdmin }),
  };
}
