/** Idempotent starts: repeating a start with the same key returns the run of the first one. */
import type { Pool, PoolClient } from 'pg';
import { invalidArgument } from '../errors.ts';

export interface Idempotency {
  /** The client's key for this start, unique within its account. */
  readonly key: string;
  /** SHA-256 of the request. */
  readonly hash: Buffer;
}

/**
 * The run that an earlier request with this key started.
 * @throws ChelaError INVALID_ARGUMENT if the earlier request was different
 */
export async function startedBefore(
  client: Pool | PoolClient,
  accountId: number,
  { key, hash }: Idempotency,
): Promise<{ id: number; slug: string } | undefined> {
  const { rows } = await client.query<{ id: number; slug: string; idempotency_hash: Buffer }>({
    name: 'started-before',
    text: 'SELECT id, slug, idempotency_hash FROM run WHERE account_id = $1 AND idempotency_key = $2',
    values: [accountId, key],
  });
  const [run] = rows;
  if (run === undefined) return undefined;
  if (!run.idempotency_hash.equals(hash)) {
    throw invalidArgument(
      `this Idempotency-Key was already used for a different request, which started run ${run.slug}: use a new key`,
    );
  }
  return { id: run.id, slug: run.slug };
}
