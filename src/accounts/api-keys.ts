/** Creates, lists and revokes API keys. A key is shown once; only its hash is stored. */
import { createHash, randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import { ulid } from 'ulid';
import { type Database, channels } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { recordAudit, type Actor } from './audit.ts';

const prefix = 'chela_';

/** A new key: 32 random bytes, in characters that are safe in URLs and selected by a double click. */
function generateApiKey(): string {
  return prefix + randomBytes(32).toString('base64url').replaceAll('-', 'A').replaceAll('_', 'B');
}

/** SHA-256 of a key, 32 bytes. A slow hash would add nothing, because keys are random. */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

export interface ApiKeyRecord {
  readonly slug: string;
  readonly name: string;
  readonly created_at: Date;
  readonly last_used_at: Date | null;
  readonly expires_at: Date | null;
}

export interface NewApiKey {
  readonly name: string;
  readonly expiresAt?: Date;
  /** The key to use; random if omitted. */
  readonly key?: string;
}

const recordColumns = ['slug', 'name', 'created_at', 'last_used_at', 'expires_at'] as const;

export class ApiKeys {
  readonly #database: Database;
  readonly #limit: number;

  /** @param limit maximum number of valid keys per account */
  constructor(database: Database, limit: number) {
    this.#database = database;
    this.#limit = limit;
  }

  /** The keys of an account that are not revoked, newest first. */
  async list(
    accountId: number,
    page: { number: number; size: number },
  ): Promise<{ count: number; list: ApiKeyRecord[] }> {
    const keys = this.#database.sql
      .selectFrom('api_key')
      .where('account_id', '=', accountId)
      .where('revoked_at', 'is', null);
    const { count } = await keys
      .select((expression) => expression.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    const list = await keys
      .select(recordColumns)
      .orderBy('id', 'desc')
      .limit(page.size)
      .offset((page.number - 1) * page.size)
      .execute();
    return { count, list };
  }

  /**
   * Creates a key for an account.
   * @returns the stored key's record, and the key itself, which cannot be shown again
   * @throws ChelaError INVALID_ARGUMENT if the account has reached its limit of keys
   */
  async create(
    accountId: number,
    { name, expiresAt, key = generateApiKey() }: NewApiKey,
    actor: Actor,
  ): Promise<ApiKeyRecord & { key: string }> {
    return this.#database.transaction(async (client) => {
      const { rows } = await client.query<ApiKeyRecord>(
        `INSERT INTO api_key (slug, account_id, name, key_hash, expires_at)
         SELECT $1, $2, $3, $4, $5 WHERE $6 > (
           SELECT count(*) FROM api_key
           WHERE account_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))
         RETURNING ${recordColumns.join(', ')}`,
        [ulid(), accountId, name, hashApiKey(key), expiresAt ?? null, this.#limit],
      );
      const [record] = rows;
      if (record === undefined) {
        throw invalidArgument(
          `the account has reached the limit of ${this.#limit} API keys: revoke one first`,
        );
      }
      await recordAudit(client, actor, {
        action: 'api_key.created',
        accountId,
        subject: record.slug,
        details: { name, ...(expiresAt && { expires_at: expiresAt.toISOString() }) },
      });
      return { ...record, key };
    });
  }

  /**
   * Revokes a key and notifies every process.
   * @returns hash of the key in hex
   * @throws ChelaError NOT_FOUND if the account has no such key, or it is revoked already
   */
  async revoke(accountId: number, slug: string, actor: Actor): Promise<string> {
    const hash = await this.#database.transaction(async (client) =>
      revokeWhere(client, actor, 'slug = $1 AND account_id = $2', [slug, accountId]),
    );
    if (hash === undefined) {
      throw new ChelaError('NOT_FOUND', `API key ${slug} does not exist or is already revoked`);
    }
    return hash;
  }

  /** Revokes a key given in plain text. @returns its hash in hex; undefined if it is unknown or revoked already */
  async revokeByKey(key: string, actor: Actor): Promise<string | undefined> {
    return this.#database.transaction(async (client) =>
      revokeWhere(client, actor, 'key_hash = $1', [hashApiKey(key)]),
    );
  }
}

async function revokeWhere(
  client: PoolClient,
  actor: Actor,
  condition: string,
  values: unknown[],
): Promise<string | undefined> {
  const { rows } = await client.query<{ account_id: number; slug: string; name: string; hash: string }>(
    `WITH revoked AS (
       UPDATE api_key SET revoked_at = now() WHERE ${condition} AND revoked_at IS NULL
       RETURNING account_id, slug, name, encode(key_hash, 'hex') AS hash
     ) SELECT account_id, slug, name, hash, pg_notify('${channels.apiKeyRevoked}', hash) FROM revoked`,
    values,
  );
  const [revoked] = rows;
  if (revoked === undefined) return undefined;
  await recordAudit(client, actor, {
    action: 'api_key.revoked',
    accountId: revoked.account_id,
    subject: revoked.slug,
    details: { name: revoked.name },
  });
  return revoked.hash;
}
