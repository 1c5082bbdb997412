/** What is going on now: an account's unfinished runs, which of them wait, and the slots of all runners. */
import type { Database } from '../database/database.ts';

export interface Activity {
  /** Number of runs by status. */
  readonly ready: number;
  readonly running: number;
  readonly aborting: number;
  readonly waitingSubtasks: number;
  readonly runningSubtasks: number;
  /** When the oldest run with waiting subtasks was submitted. */
  readonly oldestWaitingSince: Date | undefined;
  /** Number of held runs. */
  readonly heldRuns: number;
  /** Slots of all runners together. */
  readonly slots: number;
  readonly busySlots: number;
}

interface ActivityRow {
  ready: number;
  running: number;
  aborting: number;
  waiting_subtasks: number;
  running_subtasks: number;
  oldest_waiting_since: Date | null;
  held_runs: number;
  slots: number;
  busy_slots: number;
}

/** There are few unfinished runs, and a partial index finds them. */
const statement = `
  WITH unfinished AS MATERIALIZED (
    SELECT id, status, created_at FROM run
    WHERE account_id = $1 AND status IN ('ready', 'running')
    UNION ALL
    SELECT id, status, created_at FROM run WHERE status = 'aborting' AND account_id = $1
  ), waiting AS (
    SELECT count(*) AS count FROM subtask WHERE status = 'ready' AND account_id = $1
  )
  SELECT count(*) FILTER (WHERE status = 'ready') AS ready,
    count(*) FILTER (WHERE status = 'running') AS running,
    count(*) FILTER (WHERE status = 'aborting') AS aborting,
    (SELECT count FROM waiting) AS waiting_subtasks,
    (SELECT count(*) FROM subtask WHERE status = 'running' AND account_id = $1) AS running_subtasks,
    (SELECT min(created_at) FROM unfinished
     WHERE EXISTS (SELECT FROM subtask WHERE run_id = unfinished.id AND subtask.status = 'ready')) AS oldest_waiting_since,
    (SELECT count(*) FROM queue_item WHERE status = 'waiting' AND account_id = $1) AS held_runs,
    (SELECT coalesce(sum(slots), 0)::bigint FROM runner) AS slots,
    (SELECT count(*) FROM subtask WHERE status = 'running') AS busy_slots
  FROM unfinished`;

export async function readActivity(database: Database, accountId: number): Promise<Activity> {
  const { rows } = await database.pool.query<ActivityRow>({
    name: 'activity',
    text: statement,
    values: [accountId],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an aggregate without groups answers one row');
  return {
    ready: row.ready,
    running: row.running,
    aborting: row.aborting,
    waitingSubtasks: row.waiting_subtasks,
    runningSubtasks: row.running_subtasks,
    oldestWaitingSince: row.oldest_waiting_since ?? undefined,
    heldRuns: row.held_runs,
    slots: row.slots,
    busySlots: row.busy_slots,
  };
}
