/** Records what callback URLs are to be told, in the transaction that changes the runs. */
import type { PoolClient } from 'pg';
import type { Jobs, JobKind } from '../jobs/jobs.ts';
import { type EndColumns, durationSeconds, endFields, resultMessage, unixSeconds } from '../runs/runs.ts';
import type { RunStatus } from '../runs/statuses.ts';

/** "Look whether a callback of this run can be delivered." What is delivered, and in which order, the tables say. */
export interface DeliverData {
  readonly runId: number;
}

export const deliverCallbacks: JobKind<DeliverData> = {
  name: 'deliver-callbacks',
  queue: {
    // Retries of the job itself, for when PostgreSQL was away or the process died; those of a delivery are jobs of their own.
    retryLimit: 1000,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 300,
    // More than the callbacks of one run take, each with the longest time limit.
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

/** Jobs with the same group share the limit on deliveries to one receiver. */
export function receiverOf(callbackUrl: string): string {
  return URL.parse(callbackUrl)?.host ?? '';
}

/** The body of a callback: the run as it is now. */
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
 * Records the present status of runs that have a callback URL, and queues the delivery.
 * @param client of a transaction that has changed the status, so it holds the locks of the runs' rows
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
