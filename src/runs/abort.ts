import { channels } from '../database/database.ts';
import { ChelaError } from '../errors.ts';
import { subtaskMessage } from './end-messages.ts';
import { abortedEnd } from './end-reasons.ts';
import { finishRun, type RunServices } from './finish.ts';
import { isFinished, type RunStatus } from './statuses.ts';

/**
 * Aborts a run. Ends its waiting subtasks here; the runners end the running ones. Aborting twice is not an error.
 * @throws ChelaError RUN_FAILED if the run has finished
 */
export async function abortRun(
  { database, callbacks, usage, events }: RunServices,
  runId: number,
): Promise<void> {
  const finished = await database.transaction(async (client) => {
    const { rows } = await client.query<{ slug: string; status: RunStatus }>(
      'SELECT slug, status FROM run WHERE id = $1 FOR UPDATE',
      [runId],
    );
    const [run] = rows;
    if (run === undefined) throw new ChelaError('RUN_NOT_FOUND');
    if (run.status === 'aborting') return undefined;
    if (isFinished(run.status)) {
      throw new ChelaError('RUN_FAILED', `run ${run.slug} has already finished: it ${run.status}`);
    }
    const ended = await client.query(
      `UPDATE subtask SET status = 'failed', err_msg = $2, end_reason = $3, end_detail = $4, finished_at = now()
       WHERE run_id = $1 AND status = 'ready'`,
      [runId, subtaskMessage(abortedEnd), abortedEnd.reason, abortedEnd.detail],
    );
    const counted = await client.query<{
      id: number;
      slug: string;
      status: RunStatus;
      subtask_count: number;
      subtasks_finished: number;
      subtasks_failed: number;
      has_callback: boolean;
    }>(
      `UPDATE run SET status = 'aborting', subtasks_finished = subtasks_finished + $2,
         subtasks_failed = subtasks_failed + $2
       WHERE id = $1 RETURNING id, slug, status, subtask_count, subtasks_finished, subtasks_failed,
         callback_url IS NOT NULL AS has_callback`,
      [runId, ended.rowCount ?? 0],
    );
    const [aborting] = counted.rows;
    if (aborting === undefined) return undefined;
    if (aborting.subtasks_finished === aborting.subtask_count) {
      // If the run ends in the same transaction, nobody sees it as aborting, so there is no callback for that status.
      const charge = await usage.meter(client, runId);
      const told = await finishRun(client, callbacks, aborting);
      await usage.charge(client, charge);
      return told;
    }
    if (aborting.has_callback) await callbacks.record(client, [runId]);
    await client.query(`SELECT pg_notify('${channels.runAborting}', $1)`, [String(runId)]);
    return undefined;
  });
  if (finished !== undefined) events.emit('run:finished', finished);
}
