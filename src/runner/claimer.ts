/** Takes waiting subtasks from the queue, which is the subtask table itself. */
import type { StatusCallbacks } from '../runs/runs.ts';
import type { Database } from '../database/database.ts';
import type { ClaimedSubtask } from './execution/subtask-execution.ts';

/** Rows that another runner is claiming at the same time are passed over: this many more are looked at. */
const spareCandidates = 32;

/**
 * Claims up to `count` subtasks for a runner. Accounts take turns: the one with fewer subtasks running comes first. Within
 * an account its runs take turns, a subtask each, from the turn that was on when a run was submitted: a run of thousands does
 * not keep a small one waiting, nor do small ones that keep coming a large one. Subtasks that their run holds back are not in
 * the queue.
 *
 * A runner without a lease gets nothing: its lease is locked while it claims, so a watchman who ends the lease comes either
 * before the claim, which then finds none, or after it, and sees all that was claimed.
 */
export async function claimSubtasks(
  database: Database,
  callbacks: StatusCallbacks,
  runnerId: number,
  count: number,
): Promise<ClaimedSubtask[]> {
  const { rows: claimed } = await database.pool.query<{ id: number; run_id: number }>({
    name: 'claim-subtasks',
    text: `WITH RECURSIVE waiting (account_id) AS (
             (SELECT account_id FROM subtask WHERE status = 'ready' AND NOT is_held ORDER BY account_id LIMIT 1)
             UNION ALL
             SELECT (SELECT account_id FROM subtask
                     WHERE status = 'ready' AND NOT is_held AND account_id > waiting.account_id
                     ORDER BY account_id LIMIT 1)
             FROM waiting WHERE account_id IS NOT NULL
           ), busy AS (
             SELECT account_id, count(*) AS running FROM subtask WHERE status = 'running' GROUP BY account_id
           ), candidate AS (
             SELECT oldest.id, coalesce(busy.running, 0)
               + row_number() OVER (PARTITION BY account_id ORDER BY oldest.turn, oldest.id) AS rank
             FROM waiting LEFT JOIN busy USING (account_id) CROSS JOIN LATERAL (
               SELECT id, turn FROM subtask WHERE status = 'ready' AND NOT is_held AND account_id = waiting.account_id
               ORDER BY turn, id LIMIT $3
             ) AS oldest
           ), picked AS (
             SELECT id, rank FROM candidate ORDER BY rank, id LIMIT $3
           )
           UPDATE subtask SET status = 'running', runner_id = $1, attempt = attempt + 1, started_at = now(), worked_from = NULL
           WHERE EXISTS (SELECT FROM runner WHERE id = $1 FOR KEY SHARE) AND id = ANY (ARRAY(
             SELECT subtask.id FROM subtask
             WHERE id = ANY (ARRAY(SELECT id FROM picked)) AND status = 'ready'
             ORDER BY array_position(ARRAY(SELECT id FROM picked ORDER BY rank, id), subtask.id)
             LIMIT $2 FOR UPDATE SKIP LOCKED
           ))
           RETURNING id, run_id`,
    values: [runnerId, count, count + spareCandidates],
  });
  if (claimed.length === 0) return [];
  // A statement of its own: a claim that held the lock of the run's row could meet an abort head on.
  const told = await database.pool.query<{ id: number }>({
    name: 'start-runs',
    text: `WITH waiting AS (
             SELECT id, callback_url IS NOT NULL AS has_callback FROM run
             WHERE id = ANY($1) AND status = 'ready' ORDER BY id FOR UPDATE
           ), started AS (
             UPDATE run SET status = 'running', started_at = now()
             WHERE id IN (SELECT id FROM waiting WHERE NOT has_callback)
           )
           SELECT id FROM waiting WHERE has_callback`,
    values: [[...new Set(claimed.map((subtask) => subtask.run_id))]],
  });
  const toldIds = told.rows.map(({ id }) => id);
  if (toldIds.length > 0) await startToldRuns(database, callbacks, toldIds);
  const { rows } = await database.pool.query<ClaimedSubtask>({
    name: 'claimed-subtasks',
    text: `SELECT subtask.id, subtask.number, subtask.input, run.id AS run_id, run.slug AS run_slug,
             run.status AS run_status, run.day, run.system AS limits, run.subtask_count,
             worker_version.id AS version_id, worker_version.package_hash, worker_version.language, worker_version.entry, worker_version.version
           FROM subtask
           JOIN run ON run.id = subtask.run_id
           JOIN worker_version ON worker_version.id = run.worker_version_id
           WHERE subtask.id = ANY($1) ORDER BY subtask.id`,
    values: [claimed.map((subtask) => subtask.id)],
  });
  return rows;
}

/** Marks runs that have a callback URL as running, and records that in the same transaction, which locks runs only. */
async function startToldRuns(
  database: Database,
  callbacks: StatusCallbacks,
  runIds: readonly number[],
): Promise<void> {
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ id: number }>(
      `UPDATE run SET status = 'running', started_at = now()
       WHERE id IN (SELECT id FROM run WHERE id = ANY($1) AND status = 'ready' ORDER BY id FOR UPDATE)
       RETURNING id`,
      [runIds],
    );
    const startedIds = rows.map(({ id }) => id);
    await callbacks.record(client, startedIds);
  });
}

/** Gives a claimed subtask back to the queue. */
export async function releaseSubtask(
  database: Database,
  subtask: { id: number; runnerId: number },
): Promise<void> {
  await database.pool.query(
    `WITH released AS (
       UPDATE subtask SET status = 'ready', runner_id = NULL, started_at = NULL
       WHERE id = $1 AND runner_id = $2 AND status = 'running' RETURNING id
     ) SELECT pg_notify('chela_subtasks_ready', '') FROM released`,
    [subtask.id, subtask.runnerId],
  );
}

/** Gives back what a runner has in the database but does not execute: the answer to its claim was lost on the way. */
export async function releaseStrays(
  database: Database,
  runnerId: number,
  executing: readonly number[],
): Promise<void> {
  await database.pool.query(
    `WITH released AS (
       UPDATE subtask SET status = 'ready', runner_id = NULL, started_at = NULL
       WHERE runner_id = $1 AND status = 'running' AND id <> ALL($2) RETURNING id
     ) SELECT pg_notify('chela_subtasks_ready', '') FROM released LIMIT 1`,
    [runnerId, executing],
  );
}
