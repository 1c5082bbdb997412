/** What is added up of runs that have ended, and where it is read: from the statistics, and from runs not in them yet. */
import { abortedMessage } from '../runs/statuses.ts';
import { durationStepSql } from './duration-steps.ts';

export const outcomes = ['succeeded', 'failed', 'aborted'] as const;
/** `failed` ended by itself, `aborted` was stopped by somebody. */
export type Outcome = (typeof outcomes)[number];

/** Columns of `run_statistic` that are sums. */
export const figureColumns = [
  'runs',
  'results',
  'traffic_bytes',
  'memory_quantity',
  'usage',
  'result_amount',
  'memory_amount',
  'traffic_amount',
] as const;

/**
 * Figures of single runs, as SQL: account_id, worker_id, at (the run's end), outcome, duration_step and the sums.
 * @param keys table with the `run_id` of runs that have ended
 */
export function endedRunFigures(keys: string): string {
  return `
    SELECT run.account_id, run.worker_id, run.finished_at AS at,
      CASE WHEN run.status = 'succeeded' THEN 'succeeded' WHEN run.err_msg = '${abortedMessage}' THEN 'aborted'
        ELSE 'failed' END AS outcome,
      ${durationStepSql('extract(epoch FROM run.finished_at - run.started_at)')} AS duration_step,
      1 AS runs, run.result_count AS results, run.traffic_bytes, used.memory_quantity, run.usage,
      used.result_amount, used.memory_amount, used.traffic_amount
    FROM ${keys} AS ended JOIN run ON run.id = ended.run_id CROSS JOIN LATERAL (
      SELECT coalesce(sum(quantity) FILTER (WHERE kind = 'memory'), 0) AS memory_quantity,
        coalesce(sum(amount) FILTER (WHERE kind = 'result'), 0) AS result_amount,
        coalesce(sum(amount) FILTER (WHERE kind = 'memory'), 0) AS memory_amount,
        coalesce(sum(amount) FILTER (WHERE kind = 'traffic'), 0) AS traffic_amount
      FROM usage_entry WHERE usage_entry.run_id = run.id
    ) AS used
    WHERE run.finished_at IS NOT NULL`;
}

/** Runs that ended in a time. */
export interface Figures {
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly aborted: number;
  readonly results: number;
  readonly trafficBytes: number;
  /** Decimal strings. */
  readonly memoryGigabyteHours: string;
  readonly usage: string;
  readonly resultAmount: string;
  readonly memoryAmount: string;
  readonly trafficAmount: string;
  /** Seconds that runs took which ended by themselves; 0 where there were none. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}
