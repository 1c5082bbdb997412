/** The figures of ended runs that are summed. */
import { durationStepSql } from './duration-steps.ts';

/**
 * Integer columns of `run_statistic`. `failed` counts runs that failed by themselves, `aborted` those that somebody
 * aborted.
 */
const countColumns = ['succeeded', 'failed', 'aborted', 'results', 'traffic_bytes'] as const;
const amountColumns = [
  'memory_quantity',
  'usage',
  'result_amount',
  'memory_amount',
  'traffic_amount',
] as const;

/** Columns of `run_statistic` that are sums. */
export const figureColumns = [...countColumns, ...amountColumns] as const;

/** Counts as numbers, amounts as exact decimals. */
export type FigureRow = { [column in (typeof countColumns)[number]]: number } & {
  [column in (typeof amountColumns)[number] | 'cpu_amount']: string;
};

/** SQL for their sums, under the same names. */
export const figureSums = [
  ...countColumns.map((column) => `coalesce(sum(${column}), 0)::bigint AS ${column}`),
  ...amountColumns.map((column) => `coalesce(sum(${column}), 0) AS ${column}`),
].join(', ');

/** SQL for the cost of processor time, which is not stored: what the usage has beyond the other kinds. */
export const cpuAmountSum =
  'coalesce(sum(usage - result_amount - memory_amount - traffic_amount), 0) AS cpu_amount';

/**
 * SQL for the figures of single runs: account_id, worker_id, at (the run's end), the figures, and the duration step,
 * which is null for aborted runs because their duration says nothing about the worker.
 * @param keys table with the `run_id` of ended runs
 */
export function endedRunFigures(keys: string): string {
  return `
    SELECT run.account_id, run.worker_id, run.finished_at AS at,
      (run.status = 'succeeded')::int AS succeeded,
      (run.status = 'failed' AND run.end_reason IS DISTINCT FROM 'aborted')::int AS failed,
      (run.end_reason IS NOT DISTINCT FROM 'aborted')::int AS aborted,
      run.result_count AS results, run.traffic_bytes, used.memory_quantity, run.usage,
      used.result_amount, used.memory_amount, used.traffic_amount,
      CASE WHEN run.end_reason IS DISTINCT FROM 'aborted'
        THEN ${durationStepSql('extract(epoch FROM run.finished_at - run.started_at)')} END AS step
    FROM ${keys} AS ended JOIN run ON run.id = ended.run_id CROSS JOIN LATERAL (
      SELECT coalesce(sum(quantity) FILTER (WHERE kind = 'memory'), 0) AS memory_quantity,
        coalesce(sum(amount) FILTER (WHERE kind = 'result'), 0) AS result_amount,
        coalesce(sum(amount) FILTER (WHERE kind = 'memory'), 0) AS memory_amount,
        coalesce(sum(amount) FILTER (WHERE kind = 'traffic'), 0) AS traffic_amount
      FROM usage_entry WHERE usage_entry.run_id = run.id
    ) AS used
    WHERE run.finished_at IS NOT NULL`;
}
