/** Ends subtasks, and their run with the last of them. */
import type { PoolClient } from 'pg';
import type { Usage } from '../accounts/accounts.ts';
import { type Database, channels } from '../database/database.ts';
import type { EventMap, Events } from '../events/events.ts';
import { raiseFence, type Claim } from './claims.ts';
import { runMessage, subtaskMessage } from './end-messages.ts';
import { runEnd, type FailedSubtask, type SubtaskEnd } from './end-reasons.ts';
import { finalStatus, type RunStatus } from './statuses.ts';
import type { StatusCallbacks } from './status-callbacks.ts';

/** Services for changing runs. */
export interface RunServices {
  readonly database: Database;
  readonly callbacks: StatusCallbacks;
  readonly usage: Usage;
  readonly events: Events;
}

export interface SubtaskOutcome {
  readonly end: SubtaskEnd;
  /** The first line of the worker's own error, if it ended with one. */
  readonly errorHeadline?: string;
  /** CPU time used, if known. */
  readonly cpuSeconds?: number;
  /** On the runner's monotonic clock, in milliseconds. The clock of the database may have stepped meanwhile. */
  readonly claimedAtMilliseconds?: number;
  readonly workedFromMilliseconds?: number | undefined;
}

/** Number of subtask failures in the run's err_msg; the log has all of them. */
const namedFailures = 5;
const maxErrMsgLength = 2000;
/** Maximum length of a text in the detail of an end; err_msg has more of it. */
const maxDetailLength = 1000;

interface CountedRun {
  id: number;
  slug: string;
  status: RunStatus;
  subtask_count: number;
  subtasks_finished: number;
  subtasks_failed: number;
}

interface SettledRun extends CountedRun {
  /** Maximum number of concurrent subtasks; 0 for no limit. */
  concurrency: number;
  /** Number of the subtask that was settled. */
  subtask: number;
  /** Start of the subtask, if it was its first attempt. */
  subtask_started_at: Date | null;
}

/** Differences up to this are not a step of the clock, but the time that statements take. */
const stepSeconds = 10;

/** A start as measured back from now, if the clock of the database stepped since then. */
function steadyStart(start: string, seconds: string): string {
  return `CASE WHEN abs(extract(epoch FROM now() - ${start}) - ${seconds}::float8) > ${stepSeconds}
          THEN now() - make_interval(secs => ${seconds}::float8) ELSE ${start} END`;
}

const runStart = `CASE WHEN abs(extract(epoch FROM started_at - $7::timestamptz)) > ${stepSeconds} THEN $7::timestamptz
                  ELSE coalesce(started_at, now()) END`;

function secondsSince(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : (performance.now() - milliseconds) / 1000;
}

/**
 * Ends a subtask that a runner was executing, once, and the run with the last of them.
 * @returns false if the claim is no longer current: the runner's lease expired, or the subtask was settled before
 */
export async function settleSubtask(
  { database, callbacks, usage, events }: RunServices,
  claim: Pick<Claim, 'id' | 'attempt'>,
  outcome: SubtaskOutcome,
): Promise<boolean> {
  const { end, errorHeadline, cpuSeconds } = outcome;
  // The running time of a subtask with a lost runner is unknown, so its memory is not charged.
  const isLost = end.reason === 'lost';
  const status = end.reason === 'succeeded' ? 'succeeded' : 'failed';
  const settled = await database.transaction(async (client) => {
    const { rows } = await client.query<SettledRun>({
      name: 'settle-subtask',
      text: `WITH ended AS (
               UPDATE subtask SET status = $3, exit_code = $4, err_msg = $5, cpu_seconds = $6,
                 started_at = ${steadyStart('started_at', '$11')}, finished_at = greatest(now(), ${steadyStart('started_at', '$11')}),
                 runner_id = NULL, worked_from = CASE WHEN $7 THEN NULL ELSE ${steadyStart('worked_from', '$12')} END,
                 end_reason = $8, end_detail = $9, error_headline = $10
               WHERE id = $1 AND attempt = $2 AND status = 'running'
               RETURNING run_id, number, CASE WHEN attempt = 1 THEN started_at END AS started_at
             )
             UPDATE run SET subtasks_finished = subtasks_finished + 1,
               subtasks_failed = subtasks_failed + ($3 = 'failed')::int
             FROM ended WHERE run.id = ended.run_id
             RETURNING run.id, run.slug, run.status, run.subtask_count, run.subtasks_finished, run.subtasks_failed,
               run.concurrency, ended.number AS subtask, ended.started_at AS subtask_started_at`,
      values: [
        claim.id,
        claim.attempt,
        status,
        exitCodeOf(end),
        storable(subtaskMessage(end)),
        cpuSeconds ?? null,
        isLost,
        end.reason,
        detailText(end.detail),
        storable(errorHeadline ?? ''),
        secondsSince(outcome.claimedAtMilliseconds),
        secondsSince(outcome.workedFromMilliseconds),
      ],
    });
    const [run] = rows;
    if (run === undefined) return undefined;
    // A lost runner may only be frozen, and continue.
    if (isLost) await raiseFence(client, run.id);
    const charge = await usage.meter(client, run.id, isLost ? undefined : claim.id);
    const isLast = run.subtasks_finished === run.subtask_count;
    const finished = isLast ? await finishRun(client, callbacks, run, run.subtask_started_at) : undefined;
    if (!isLast && run.concurrency > 0) await queueHeldSubtask(client, run.id);
    await usage.charge(client, charge);
    return { run: run.slug, subtask: run.subtask, finished };
  });
  if (settled === undefined) return false;
  const { run, subtask: number, finished } = settled;
  events.emit('subtask:settled', { run, subtask: number, status, reason: end.reason, cpuSeconds });
  if (finished !== undefined) events.emit('run:finished', finished);
  return true;
}

/**
 * Puts the run's next held-back subtask into the queue, in place of one that ended, at the current turn. It sends no
 * notification, because the runner with the free slot looks for work anyway. The transaction holds the lock of the
 * run's row, so that no subtask is queued twice.
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

/**
 * Ends a run whose subtasks have all ended. The caller's transaction holds the lock of the run's row.
 * @param subtaskStartedAt start of its last subtask to end, as measured; that of the run, if it has only this one
 * @returns the events to emit after the commit
 */
export async function finishRun(
  client: PoolClient,
  callbacks: StatusCallbacks,
  run: CountedRun,
  subtaskStartedAt: Date | null = null,
): Promise<EventMap['run:finished']> {
  const failed =
    run.status === 'aborting' || run.subtasks_failed === 0 ? [] : await failedSubtasks(client, run.id);
  const facts = {
    isAborting: run.status === 'aborting',
    subtaskCount: run.subtask_count,
    failedCount: run.subtasks_failed,
  };
  const end = runEnd(facts, failed[0]);
  const status = finalStatus(run);
  const { rows } = await client.query<{ has_callback: boolean }>({
    name: 'finish-run',
    text: `WITH finished AS (
             UPDATE run SET status = $2, err_msg = $3, end_reason = $4, end_detail = $5, error_headline = $6,
               started_at = ${runStart}, finished_at = greatest(now(), ${runStart})
             WHERE id = $1 RETURNING id, callback_url IS NOT NULL AS has_callback
           ), to_count AS (
             INSERT INTO ended_run (run_id) SELECT id FROM finished
           ) SELECT has_callback, pg_notify('${channels.runFinished}', id::text) FROM finished`,
    values: [
      run.id,
      status,
      shortened(runMessage(facts, failed), maxErrMsgLength),
      end.reason,
      detailText(end.detail),
      end.errorHeadline,
      run.subtask_count === 1 ? subtaskStartedAt : null,
    ],
  });
  if (rows[0]?.has_callback) await callbacks.record(client, [run.id]);
  return {
    run: run.slug,
    status,
    reason: end.reason,
    subtasks: run.subtask_count,
    failedSubtasks: run.subtasks_failed,
  };
}

/** The first failed subtasks of a run, by number. */
async function failedSubtasks(
  client: PoolClient,
  runId: number,
): Promise<(FailedSubtask & { err_msg: string })[]> {
  const { rows } = await client.query<FailedSubtask & { err_msg: string }>({
    name: 'failed-subtasks',
    text: `SELECT number, err_msg, end_reason, end_detail, error_headline FROM subtask
           WHERE run_id = $1 AND status = 'failed' ORDER BY number LIMIT $2`,
    values: [runId, namedFailures],
  });
  return rows;
}

function exitCodeOf(end: SubtaskEnd): number | null {
  if (end.reason === 'succeeded') return 0;
  return end.reason === 'exit' ? end.detail.exit_code : null;
}

/** JSON that PostgreSQL can store. */
function detailText(detail: object): string {
  return JSON.stringify(detail, (_key, value: unknown) =>
    typeof value === 'string' ? shortened(storable(value), maxDetailLength) : value,
  );
}

/** Output of package managers and runtimes may contain characters that PostgreSQL's text cannot. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}').toWellFormed();
}

function shortened(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…`.toWellFormed() : text;
}
