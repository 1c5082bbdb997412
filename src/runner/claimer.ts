/** Claims waiting subtasks from the queue, which is the subtask table. */
import { raiseFence, type Claim, type StatusCallbacks } from '../runs/runs.ts';
import type { Database } from '../database/database.ts';
import type { ClaimedSubtask } from './execution/subtask-execution.ts';
import type { Events } from '../events/events.ts';

interface ClaimServices {
  readonly database: Database;
  readonly callbacks: StatusCallbacks;
  readonly events: Events;
}

interface StartingRun {
  id: number;
  slug: string;
  wait_seconds: number;
}

/** Number of extra rows to consider, since rows that other runners are claiming are skipped. */
const spareCandidates = 32;

/**
 * Claims up to `count` subtasks for a runner. Accounts take turns: the one with the fewest running subtasks comes
 * first. Within an account, runs take turns, one subtask each, starting with the turn that was current when the run was
 * submitted. So a run of thousands does not delay a small one, and a stream of small runs does not delay a large one.
 * Subtasks beyond their run's concurrency limit are not in the queue.
 *
 * The runner's lease is locked during the claim, and a runner without a lease gets nothing. So a watchman that ends the
 * lease does so either before the claim, which then gets nothing, or after it, and sees all claimed subtasks.
 */
export async function claimSubtasks(
  services: ClaimServices,
  runnerId: number,
  count: number,
): Promise<ClaimedSubtask[]> {
  const { database, events } = services;
  const began = performance.now();
  const { rows: claimed } = await database.pool.query<{ id: number; run_id: number; attempt: number }>({
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
           RETURNING id, run_id, attempt`,
    values: [runnerId, count, count + spareCandidates],
  });
  if (claimed.length === 0) return [];
  const started = await startRuns(services, [...new Set(claimed.map((subtask) => subtask.run_id))]);
  const seconds = (performance.now() - began) / 1000;
  events.emit('subtasks:claimed', { runner: runnerId, count: claimed.length, seconds });
  for (const { slug: run, wait_seconds: waitSeconds } of started) {
    events.emit('run:started', { run, waitSeconds });
  }
  const { rows } = await database.pool.query<ClaimedSubtask>({
    name: 'claimed-subtasks',
    // Only claims that are still current, with the fence that they are current at.
    text: `SELECT subtask.id, subtask.number, subtask.attempt, run.fence, subtask.input, run.account_id, run.id AS run_id, run.slug AS run_slug,
             run.status AS run_status, run.day, run.system AS limits, run.subtask_count, run.traceparent, worker.allowed_hosts,
             worker_version.id AS version_id, worker_version.package_hash, worker_version.language, worker_version.entry, worker_version.version
           FROM unnest($1::bigint[], $2::integer[]) AS claim (id, attempt)
           JOIN subtask ON subtask.id = claim.id AND subtask.attempt = claim.attempt AND subtask.status = 'running'
           JOIN run ON run.id = subtask.run_id
           JOIN worker ON worker.id = run.worker_id
           JOIN worker_version ON worker_version.id = run.worker_version_id
           ORDER BY subtask.id`,
    values: [claimed.map(({ id }) => id), claimed.map(({ attempt }) => attempt)],
  });
  return rows;
}

/** Since the submission of a run that starts now. */
const waitSeconds = 'greatest(0, extract(epoch FROM now() - created_at))::float8';

/**
 * Marks runs as running, unless they already are. Separate statements, because a claim that held the lock on the run's
 * row could deadlock with an abort.
 * @returns the runs that were marked
 */
async function startRuns(services: ClaimServices, runIds: readonly number[]): Promise<StartingRun[]> {
  const { rows } = await services.database.pool.query<StartingRun & { has_callback: boolean }>({
    name: 'start-runs',
    text: `WITH waiting AS (
             SELECT id, slug, callback_url IS NOT NULL AS has_callback, ${waitSeconds} AS wait_seconds FROM run
             WHERE id = ANY($1) AND status = 'ready' ORDER BY id FOR UPDATE
           ), started AS (
             UPDATE run SET status = 'running', started_at = now()
             WHERE id IN (SELECT id FROM waiting WHERE NOT has_callback)
           )
           SELECT id, slug, has_callback, wait_seconds FROM waiting`,
    values: [runIds],
  });
  const told = rows.filter((run) => run.has_callback);
  const untold = rows.filter((run) => !run.has_callback);
  return told.length === 0 ? untold : [...untold, ...(await startToldRuns(services, told))];
}

/** For runs with a callback URL: records the callback in the same transaction, which locks only rows of runs. */
async function startToldRuns(
  { database, callbacks }: ClaimServices,
  runs: readonly StartingRun[],
): Promise<StartingRun[]> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<StartingRun>(
      `UPDATE run SET status = 'running', started_at = now()
       WHERE id IN (SELECT id FROM run WHERE id = ANY($1) AND status = 'ready' ORDER BY id FOR UPDATE)
       RETURNING id, slug, ${waitSeconds} AS wait_seconds`,
      [runs.map(({ id }) => id)],
    );
    await callbacks.record(
      client,
      rows.map(({ id }) => id),
    );
    return rows;
  });
}

type ClaimKey = Pick<Claim, 'id' | 'attempt'>;

const releaseStatement = `
  WITH released AS (
    UPDATE subtask SET status = 'ready', runner_id = NULL, started_at = NULL
    WHERE id = $1 AND attempt = $2 AND status = 'running' RETURNING run_id
  ) SELECT run_id, pg_notify('chela_subtasks_ready', '') FROM released`;

/** Returns a claimed subtask to the queue. Called by the runner that claimed it, which stores nothing more for it. */
export async function releaseSubtask(database: Database, claim: ClaimKey): Promise<void> {
  await database.pool.query(releaseStatement, [claim.id, claim.attempt]);
}

/** Takes a subtask from its lost runner and returns it to the queue. */
export async function requeueSubtask(database: Database, claim: ClaimKey): Promise<void> {
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ run_id: number }>(releaseStatement, [claim.id, claim.attempt]);
    if (rows[0] !== undefined) await raiseFence(client, rows[0].run_id);
  });
}

/** Returns subtasks that are this runner's in the database but not executed, because the answer to a claim was lost. */
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
