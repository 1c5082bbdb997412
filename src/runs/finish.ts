/** How subtasks end, and their run with the last of them. */
import type { PoolClient } from 'pg';
import type { Usage } from '../accounts/usage.ts';
import type { Database } from '../database/database.ts';
import { channels } from '../database/notifications.ts';
import { abortedMessage, finalStatus, type RunStatus } from './statuses.ts';
import type { StatusCallbacks } from './status-callbacks.ts';

/** What the changes of runs are made with. */
export interface RunServices {
  readonly database: Database;
  readonly callbacks: StatusCallbacks;
  readonly usage: Usage;
}

export interface SubtaskOutcome {
  readonly status: 'succeeded' | 'failed';
  readonly exitCode?: number;
  /** `''` where it succeeded. */
  readonly errMsg: string;
  /** Processor time it used, as far as that is known. */
  readonly cpuSeconds?: number;
  /** Its runner died: how long it worked is not known, and its memory is not charged. */
  readonly isLost?: boolean;
}

/** Subtask failures named in the run's err_msg; the log has all of them. */
const namedFailures = 5;
const longestErrMsg = 2000;

interface CountedRun {
  id: number;
  status: RunStatus;
  subtask_count: number;
  subtasks_finished: number;
  subtasks_failed: number;
}

interface SettledRun extends CountedRun {
  /** Most subtasks at a time; 0 is no limit. */
  concurrency: number;
}

/**
 * Ends a subtask that a runner was executing, once, and the run with the last of them.
 * @returns false where the subtask is not this runner's any more: its lease ran out, or it was settled before
 */
export async function settleSubtask(
  { database, callbacks, usage }: RunServices,
  subtask: { id: number; runnerId: number },
  outcome: SubtaskOutcome,
): Promise<boolean> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<SettledRun>({
      name: 'settle-subtask',
      text: `WITH ended AS (
               UPDATE subtask SET status = $3, exit_code = $4, err_msg = $5, cpu_seconds = $6, finished_at = now(),
                 runner_id = NULL, worked_from = CASE WHEN $7 THEN NULL ELSE worked_from END
               WHERE id = $1 AND runner_id = $2 AND status = 'running'
               RETURNING run_id
             )
             UPDATE run SET subtasks_finished = subtasks_finished + 1,
               subtasks_failed = subtasks_failed + ($3 = 'failed')::int
             FROM ended WHERE run.id = ended.run_id
             RETURNING run.id, run.status, run.subtask_count, run.subtasks_finished, run.subtasks_failed, run.concurrency`,
      values: [
        subtask.id,
        subtask.runnerId,
        outcome.status,
        outcome.exitCode ?? null,
        storable(outcome.errMsg),
        outcome.cpuSeconds ?? null,
        outcome.isLost ?? false,
      ],
    });
    const [run] = rows;
    if (run === undefined) return false;
    const charge = await usage.meter(client, run.id, outcome.isLost ? undefined : subtask.id);
    if (run.subtasks_finished === run.subtask_count) await finishRun(client, callbacks, run);
    else if (run.concurrency > 0) await queueHeldSubtask(client, run.id);
    await usage.charge(client, charge);
    return true;
  });
}

/**
 * Puts the next subtask that a run holds back into the queue, in place of one that ended, at the turn that is on. No
 * notification: the runner whose slot became free looks for work anyway. The transaction holds the lock of the run's row, so
 * no two put the same one.
 */
async function queueHeldSubtask(client: PoolClient, runId: number): Promise<void> {
  await client.query({
    name: 'queue-held-subtask',
    text: `UPDATE subtask AS held SET is_held = false, turn = least(turn, coalesce((
             SELECT turn FROM subtask WHERE status = 'ready' AND NOT is_held AND account_id = held.account_id
             ORDER BY turn LIMIT 1
           ), turn))
           WHERE id = (
             SELECT id FROM subtask WHERE run_id = $1 AND status = 'ready' AND is_held ORDER BY number LIMIT 1
           )`,
    values: [runId],
  });
}

/** Ends a run whose subtasks have all ended. The caller's transaction holds the lock of the run's row. */
export async function finishRun(
  client: PoolClient,
  callbacks: StatusCallbacks,
  run: CountedRun,
): Promise<void> {
  const errMsg = run.status === 'aborting' ? abortedMessage : await failureMessage(client, run);
  const { rows } = await client.query<{ has_callback: boolean }>({
    name: 'finish-run',
    text: `WITH finished AS (
             UPDATE run SET status = $2, err_msg = $3, started_at = coalesce(started_at, now()), finished_at = now()
             WHERE id = $1 RETURNING id, callback_url IS NOT NULL AS has_callback
           ), to_count AS (
             INSERT INTO ended_run (run_id) SELECT id FROM finished
           ) SELECT has_callback, pg_notify('${channels.runFinished}', id::text) FROM finished`,
    values: [run.id, finalStatus(run), errMsg],
  });
  if (rows[0]?.has_callback) await callbacks.record(client, [run.id]);
}

async function failureMessage(client: PoolClient, run: CountedRun): Promise<string> {
  if (run.subtasks_failed === 0) return '';
  const { rows } = await client.query<{ number: number; err_msg: string }>({
    name: 'failed-subtasks',
    text: `SELECT number, err_msg FROM subtask WHERE run_id = $1 AND status = 'failed' ORDER BY number LIMIT $2`,
    values: [run.id, namedFailures],
  });
  if (run.subtask_count === 1) return shortened(rows[0]?.err_msg ?? '');
  const named = rows.map(({ number, err_msg: errMsg }) => `#${number} ${errMsg}`).join('; ');
  const unnamed = run.subtasks_failed > rows.length ? '; …' : '';
  return shortened(`${run.subtasks_failed} of ${run.subtask_count} subtasks failed: ${named}${unnamed}`);
}

/** What package managers and runtimes print may have what PostgreSQL has no text for. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}').toWellFormed();
}

function shortened(text: string): string {
  return text.length > longestErrMsg ? `${text.slice(0, longestErrMsg - 1)}…`.toWellFormed() : text;
}
