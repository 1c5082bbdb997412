/** Why a run waits: whether there are runners with a free slot, and how many subtasks are ahead of it. */
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { RunRecord } from './run-record.ts';
import type { WaitReason } from './wait-reasons.ts';

export interface RunWaiting {
  readonly reason: WaitReason;
  /** Live runners. */
  readonly runners: number;
  /** Number of slots of all runners, and how many are in use. */
  readonly slots: number;
  readonly slotsInUse: number;
  /** Number of waiting subtasks of the run. */
  readonly subtasks: number;
  /** Number of subtasks that come before the first of them, as of now. */
  readonly ahead: number;
}

interface QueueState {
  runners: number;
  slots: number;
  running: number;
  subtasks: number;
  ahead: number;
}

/**
 * Mirrors the order of claiming. Accounts take turns; the turn of a subtask is its position in its account's queue plus
 * the number of running subtasks of the account. Subtasks of other accounts with an earlier turn come first.
 */
const queueState = `
  WITH mine AS (
    SELECT count(*) AS subtasks FROM subtask WHERE run_id = $1 AND status = 'ready'
  ), first AS (
    SELECT turn, id FROM subtask WHERE run_id = $1 AND status = 'ready' AND NOT is_held ORDER BY turn, id LIMIT 1
  ), account_queue AS (
    SELECT account_id, count(*) FILTER (WHERE status = 'running') AS running,
      count(*) FILTER (WHERE status = 'ready' AND NOT is_held) AS ready
    FROM subtask WHERE status IN ('ready', 'running') GROUP BY account_id
  ), own AS (
    SELECT run.account_id, (
      SELECT count(*) FROM first JOIN subtask AS other ON (other.turn, other.id) < (first.turn, first.id)
      WHERE other.status = 'ready' AND NOT other.is_held AND other.account_id = run.account_id
    ) AS ahead
    FROM run WHERE run.id = $1
  ), turn AS (
    SELECT own.account_id, own.ahead, own.ahead + coalesce(running, 0) AS earlier
    FROM own LEFT JOIN account_queue USING (account_id)
  )
  SELECT mine.subtasks,
    (SELECT count(*) FROM runner WHERE heartbeat_at >= now() - make_interval(secs => $2)) AS runners,
    (SELECT coalesce(sum(slots), 0) FROM runner WHERE heartbeat_at >= now() - make_interval(secs => $2)) AS slots,
    (SELECT coalesce(sum(running), 0)::bigint FROM account_queue) AS running,
    turn.ahead + (
      SELECT coalesce(sum(greatest(0, least(ready, turn.earlier - running))), 0)::bigint
      FROM account_queue WHERE account_id <> turn.account_id
    ) AS ahead
  FROM mine, turn`;

export async function readWaiting(
  database: Database,
  { runnerLeaseSeconds }: Pick<Config, 'runnerLeaseSeconds'>,
  run: Pick<RunRecord, 'id'>,
): Promise<RunWaiting> {
  const { rows } = await database.pool.query<QueueState>({
    name: 'queue-state-of-run',
    text: queueState,
    values: [run.id, runnerLeaseSeconds],
  });
  const state = rows[0] ?? { runners: 0, slots: 0, running: 0, subtasks: 0, ahead: 0 };
  const { runners, slots, running: slotsInUse, subtasks } = state;
  const ahead = subtasks === 0 ? 0 : state.ahead;
  return { reason: reasonOf(state), runners, slots, slotsInUse, subtasks, ahead };
}

function reasonOf({ runners, slots, running, subtasks }: QueueState): WaitReason {
  if (subtasks === 0) return 'not_waiting';
  if (runners === 0) return 'no_runner';
  return running >= slots ? 'no_free_slot' : 'starting';
}
