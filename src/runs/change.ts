/** Changes what an account notes about a run: its pin and its labels. */
import type { PoolClient } from 'pg';
import type { Database } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import { checkedLabels } from './labels.ts';

/** Omitted parts are unchanged. */
export interface RunChanges {
  /** Whether retention keeps the run. */
  readonly isPinned?: boolean;
  /** Replaces all labels. */
  readonly labels?: readonly string[];
  readonly addedLabels?: readonly string[];
  readonly removedLabels?: readonly string[];
}

interface CaredRun {
  readonly id: number;
  readonly pinned_at: Date | null;
  readonly labels: readonly string[];
}

/**
 * @param pinLimit maximum number of pinned runs of an account
 * @throws ChelaError NOT_FOUND if the account has no such run, INVALID_SHAPE for invalid labels, INVALID_ARGUMENT for too
 *   many pinned runs
 */
export async function changeRun(
  database: Database,
  { accountId, slug }: { accountId: number; slug: string },
  changes: RunChanges,
  pinLimit: number,
): Promise<void> {
  await database.transaction(async (client) => {
    // Pins of one account are set one after another, so that together they stay within the limit.
    if (changes.isPinned === true) {
      await client.query(
        `SELECT pg_advisory_xact_lock(hashtextextended('pins of account ' || $1::bigint, 0))`,
        [accountId],
      );
    }
    const { rows } = await client.query<CaredRun>({
      name: 'lock-run-to-change',
      text: 'SELECT id, pinned_at, labels FROM run WHERE slug = $1 AND account_id = $2 FOR UPDATE',
      values: [slug, accountId],
    });
    const [run] = rows;
    if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${slug} does not exist`);
    if (changes.isPinned === true && run.pinned_at === null) {
      await refuseBeyondPinLimit(client, accountId, pinLimit);
    }
    await client.query({
      name: 'change-run',
      text: `UPDATE run SET labels = $2,
               pinned_at = CASE WHEN $3::boolean THEN coalesce(pinned_at, now()) WHEN NOT $3 THEN NULL ELSE pinned_at END
             WHERE id = $1`,
      values: [run.id, JSON.stringify(changedLabels(run.labels, changes)), changes.isPinned ?? null],
    });
  });
}

function changedLabels(
  current: readonly string[],
  { labels = current, addedLabels = [], removedLabels = [] }: RunChanges,
): string[] {
  const removed = new Set(checkedLabels(removedLabels));
  return checkedLabels([...labels.filter((label) => !removed.has(label)), ...addedLabels]);
}

async function refuseBeyondPinLimit(client: PoolClient, accountId: number, limit: number): Promise<void> {
  const { rows } = await client.query<{ count: number }>({
    name: 'pinned-runs',
    text: 'SELECT count(*) FROM run WHERE account_id = $1 AND pinned_at IS NOT NULL',
    values: [accountId],
  });
  if ((rows[0]?.count ?? 0) < limit) return;
  throw invalidArgument(
    `this account has ${limit} pinned runs, the maximum (CHELA_PINNED_RUN_LIMIT): unpin or delete some first`,
  );
}
