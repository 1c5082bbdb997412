/** The audit log: who did what, when, with which key and by which request. */
import type { Pool, PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import type { AuditAction } from './audit-actions.ts';

/** Who does something: an account by one of its keys. */
export interface Actor {
  /** Undefined for the platform itself, and its operator at the command line. */
  readonly accountId?: number;
  readonly apiKeyId?: number;
  /** `''` where no request asked for it. */
  readonly requestId: string;
}

/** The platform itself, or its operator at the command line. */
export const operator: Actor = { requestId: '' };

export interface AuditEvent {
  readonly action: AuditAction;
  /** The account it is done to; the actor's own where omitted. */
  readonly accountId?: number;
  /** What it is done to, as the API names it: a slug, a path, the name of an account. */
  readonly subject: string;
  /** What else one may want to know later; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditRecord {
  readonly at: Date;
  readonly account: string;
  readonly actor: string | null;
  readonly api_key: string | null;
  readonly action: AuditAction;
  readonly subject: string;
  readonly details: Record<string, unknown>;
  readonly request_id: string;
}

const dayMilliseconds = 24 * 3600 * 1000;
const entriesAtOnce = 10_000;

/**
 * Adds an entry.
 * @param client the transaction of what it tells of, or the pool right after it
 */
export async function recordAudit(client: Pool | PoolClient, actor: Actor, event: AuditEvent): Promise<void> {
  const accountId = event.accountId ?? actor.accountId;
  if (accountId === undefined) throw new Error('an audit entry needs an account');
  await client.query({
    name: 'record-audit',
    text: `INSERT INTO audit_entry (account_id, actor_account_id, api_key_id, action, subject, details, request_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      accountId,
      actor.accountId ?? null,
      actor.apiKeyId ?? null,
      event.action,
      event.subject,
      JSON.stringify(event.details ?? {}),
      actor.requestId,
    ],
  });
}

export class AuditLog {
  readonly #database: Database;
  readonly #retentionDays: number;

  constructor(database: Database, retentionDays: number) {
    this.#database = database;
    this.#retentionDays = retentionDays;
  }

  /** For what was done just now, outside a transaction of the caller's. */
  async record(actor: Actor, event: AuditEvent): Promise<void> {
    await recordAudit(this.#database.pool, actor, event);
  }

  /** Newest first. @param accountId the account it was done to; every account where omitted */
  async list(
    accountId: number | undefined,
    page: { number: number; size: number },
  ): Promise<{ count: number; list: AuditRecord[] }> {
    let entries = this.#database.sql.selectFrom('audit_entry');
    if (accountId !== undefined) entries = entries.where('audit_entry.account_id', '=', accountId);
    const { count } = await entries
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const list = await entries
      .innerJoin('account', 'account.id', 'audit_entry.account_id')
      .leftJoin('account as actor', 'actor.id', 'audit_entry.actor_account_id')
      .leftJoin('api_key', 'api_key.id', 'audit_entry.api_key_id')
      .select([
        'audit_entry.at',
        'account.name as account',
        'actor.name as actor',
        'api_key.name as api_key',
        'audit_entry.action',
        'audit_entry.subject',
        'audit_entry.details',
        'audit_entry.request_id',
      ])
      .orderBy('audit_entry.id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list };
  }

  /** Removes entries older than the retention. */
  async prune(now: Date): Promise<void> {
    const oldest = new Date(now.getTime() - this.#retentionDays * dayMilliseconds);
    for (;;) {
      const deleted = await this.#database.pool.query(
        `DELETE FROM audit_entry WHERE id IN (
           SELECT id FROM audit_entry WHERE at < $1 ORDER BY at, id LIMIT $2)`,
        [oldest, entriesAtOnce],
      );
      if ((deleted.rowCount ?? 0) < entriesAtOnce) return;
    }
  }
}
