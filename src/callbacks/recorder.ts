/** Records callbacks in the transaction that changes the status of runs. */
import type { PoolClient } from 'pg';
import type { Jobs, JobKind } from '../jobs/jobs.ts';
import { type EndColumns, durationSeconds, endFields, resultMessage, unixSeconds } from '../runs/runs.ts';
import type { RunStatus } from '../runs/statuses.ts';

/** A job that checks whether a callback of this run is due. The tables say what is delivered, and in which order. */
export interface DeliverData {
  readonly runId: number;
}

export const deliverCallbacks: JobKind<DeliverData> = {
  name: 'deliver-callbacks',
  queue: {
    // Retries of the job itself, in case PostgreSQL is unavailable or the process dies. Retries of a delivery are
    // separate jobs.
    retryLimit: 1000,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 300,
    // More than the callbacks of one run take if each reaches its time limit.
    expireInSeconds: 120,
    deleteAfterSeconds: 3600,
  },
};

interface ChangedRun extends EndColumns {
  readonly id: number;
  readonly slug: string;
  readonly status: RunStatus;
  readonly err_msg: string;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly result_count: number;
  readonly callback_url: string;
}

/** The group of a job. Jobs of a group share the limit on concurrent deliveries to one receiver. */
export function receiverOf(callbackUrl: string): string {
  return URL.parse(callbackUrl)?.host ?? '';
}

/** The body of a callback: the run in its current state. */
function callbackBody(run: Omit<ChangedRun, 'id' | 'callback_url'>): string {
  return JSON.stringify({
    run_slug: run.slug,
    run_id: run.slug,
    run_status: run.status,
    error_message: run.err_msg,
    execution_start_timestamp: unixSeconds(run.started_at),
    execution_end_timestamp: unixSeconds(run.finished_at),
    running_duration: durationSeconds(run),
    result_count: run.result_count,
    result_message: resultMessage(run),
    ...endFields(run),
  });
}

/**
 * Records the current status of runs that have a callback URL, and queues the delivery.
 * @param client of the transaction that changed the status, which therefore holds the locks on the rows of the runs
 */
export async function recordStatus(client: PoolClient, jobs: Jobs, runIds: readonly number[]): Promise<void> {
  const { rows } = await client.query<ChangedRun>({
    name: 'callback-runs',
    text: `SELECT id, slug, status, err_msg, end_reason, end_detail, error_headline, started_at, finished_at, result_count,
             callback_url
           FROM run WHERE id = ANY($1) AND callback_url IS NOT NULL ORDER BY id`,
    values: [runIds],
  });
  for (const run of rows) {
    await client.query({
      name: 'record-callback',
      text: `INSERT INTO callback (run_id, number, run_status, body)
             SELECT $1, 1 + coalesce(max(number), 0), $2, $3 FROM callback WHERE run_id = $1`,
      values: [run.id, run.status, callbackBody(run)],
    });
    await jobs.send(deliverCallbacks, { runId: run.id }, { client, group: receiverOf(run.callback_url) });
  }
}
