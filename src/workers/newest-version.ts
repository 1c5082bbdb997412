/** Notices that two people change a worker at the same time. */
import type { PoolClient } from 'pg';
import { ChelaError } from '../errors.ts';

/** @throws ChelaError PRECONDITION_FAILED if the newest version of a worker is not the expected one */
export async function checkNewest(
  client: PoolClient,
  workerKey: number,
  expected: string | undefined,
): Promise<void> {
  if (expected === undefined) return;
  const { rows } = await client.query<{ version: string }>(
    'SELECT version FROM worker_version WHERE worker_id = $1 ORDER BY id DESC LIMIT 1',
    [workerKey],
  );
  const newest = rows[0]?.version ?? '';
  if (newest !== expected)
    throw new ChelaError(
      'PRECONDITION_FAILED',
      `${newest} was published meanwhile: compare it with your changes, then save them on top of it`,
    );
}
