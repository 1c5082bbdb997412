/** The audit log: who did what, when, with which key and in which request. */
import type { Pool, PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import type { AuditAction } from './audit-actions.ts';

/** Who performs an action: an account, usually with one of its keys. */
export interface Actor {
  /** Undefined for the platform and for its operator at the command line. */
  readonly accountId?: number;
  readonly apiKeyId?: number;
  /** `''` if there is no request. */
  readonly requestId: string;
}

/** The platform, or its operator at the command line. */
export const operator: Actor = { requestId: '' };

export interface AuditEvent {
  readonly action: AuditAction;
  /** The account that is affected; the actor's own if omitted. */
  readonly accountId?: number;
  /** The object that is affected, by its name in the API: a slug, a path or an account name. */
  readonly subject: string;
  /** Anything else worth knowing later; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditRecord {
  readonly id: number;
  readonly at: Date;
  readonly account: string;
  readonly actor: string | null;
  readonly api_key: string | null;
  readonly action: AuditAction;
  readonly subject: string;
  readonly details: Record<string, unknown>;
  readonly request_id: string;
}

export interface AuditFilter {
  /** Only entries about this account; all accounts if omitted. */
  readonly accountId?: number;
  readonly action?: AuditAction;
  /** Name of an account that performed the action or was affected. */
  readonly account?: string;
  /** Entries at or after. */
  readonly from?: Date;
  /** Entries before. */
  readonly before?: Date;
}

const dayMilliseconds = 24 * 3600 * 1000;
const entriesAtOnce = 10_000;

/**
 * Adds an entry.
 * @param client the transaction that performs the action, or the pool right after it
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

  /** Records an action. @param client the transaction that performs it; without one, the action just happened */
  async record(actor: Actor, event: AuditEvent, client?: PoolClient): Promise<void> {
    await recordAudit(client ?? this.#database.pool, actor, event);
  }

  /** Newest first. */
  async list(
    { accountId, action, account, from, before }: AuditFilter,
    page: { number: number; size: number },
  ): Promise<{ count: number; list: AuditRecord[] }> {
    let entries = this.#database.sql.selectFrom('audit_entry');
    if (accountId !== undefined) entries = entries.where('audit_entry.account_id', '=', accountId);
    if (action !== undefined) entries = entries.where('audit_entry.action', '=', action);
    if (from !== undefined) entries = entries.where('audit_entry.at', '>=', from);
    if (before !== undefined) entries = entries.where('audit_entry.at', '<', before);
    if (account !== undefined) {
      const named = this.#database.sql.selectFrom('account').select('id').where('name', '=', account);
      entries = entries.where((expression) =>
        expression.or([
          expression('audit_entry.account_id', 'in', named),
          expression('audit_entry.actor_account_id', 'in', named),
        ]),
      );
    }
    const { count } = await entries
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const list = await entries
      .innerJoin('account', 'account.id', 'audit_entry.account_id')
      .leftJoin('account as actor', 'actor.id', 'audit_entry.actor_account_id')
      .leftJoin('api_key', 'api_key.id', 'audit_entry.api_key_id')
      .select([
        'audit_entry.id',
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
