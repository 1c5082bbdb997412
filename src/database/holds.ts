/**
 * Holds of a backup: while it copies, other processes leave alone what it still has to read. Work that a hold concerns
 * asks first and is done another time; it never waits.
 */
import type { ClientBase } from 'pg';

/**
 * `partitions`: partitions are not created, dropped or replaced. These changes would wait for the backup's locks, and
 * everything that is stored would wait behind them.
 * `blobs`: blobs are not removed.
 */
export type Hold = 'partitions' | 'blobs';

/** Starts a hold, once work in progress that it concerns has ended. It ends with the connection at the latest. */
export async function startHold(client: ClientBase, hold: Hold): Promise<void> {
  await client.query(`SELECT pg_advisory_lock(hashtext('chela hold ' || $1))`, [hold]);
}

export async function endHold(client: ClientBase, hold: Hold): Promise<void> {
  await client.query(`SELECT pg_advisory_unlock(hashtext('chela hold ' || $1))`, [hold]);
}

/**
 * Whether there is no such hold. Then none starts until the end of the transaction.
 * @param client in a transaction
 */
export async function isFree(client: ClientBase, hold: Hold): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(
    `SELECT pg_try_advisory_xact_lock_shared(hashtext('chela hold ' || $1)) AS free`,
    [hold],
  );
  return rows[0]?.free === true;
}
