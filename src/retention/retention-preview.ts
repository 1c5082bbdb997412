/** What the retention would remove now, without removing anything. */
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import { partitionBytes } from '../database/partitions.ts';
import { expiredAt, expiredRuns, type ExpiredRuns, type RetentionPolicy } from './expired-runs.ts';

const dayMilliseconds = 24 * 3600 * 1000;

/** What is kept for a while, apart from the cache, which each runner prunes on its own machine. */
type Removed = 'runs' | 'rows' | 'log lines' | 'files' | 'exports' | 'queue items' | 'audit entries';

interface PreviewLine {
  readonly what: Removed;
  readonly count: number;
  /** Undefined if it is little and not measured. Of rows and lines: the share of their day's partition. */
  readonly sizeBytes: number | undefined;
}

interface ExpiredDay {
  readonly day: string;
  readonly runs: number;
  readonly rows: number;
  readonly lines: number;
  /** Of all runs of the day. */
  readonly all_rows: number;
  readonly all_lines: number;
}

export async function previewRetention(
  database: Database,
  policy: RetentionPolicy,
  { exportRetentionDays, auditRetentionDays }: Pick<Config, 'exportRetentionDays' | 'auditRetentionDays'>,
  now: Date,
): Promise<PreviewLine[]> {
  const expired = expiredAt(policy, now);
  const before = (days: number): Date => new Date(now.getTime() - days * dayMilliseconds);
  const days = await expiredDays(database, expired);
  const sum = (figure: (day: ExpiredDay) => number): number =>
    days.reduce((total, day) => total + figure(day), 0);
  let rowBytes = 0;
  let lineBytes = 0;
  for (const { day, rows, all_rows: allRows, lines, all_lines: allLines } of days) {
    const sizes = await partitionBytes(database, day);
    if (allRows > 0) rowBytes += Math.round((sizes.result_row * rows) / allRows);
    if (allLines > 0) lineBytes += Math.round((sizes.log_line * lines) / allLines);
  }
  const { pool } = database;
  const counted = async (text: string, values: readonly unknown[]) => {
    const { rows } = await pool.query<{ count: number; bytes: number | null }>(text, [...values]);
    return { count: rows[0]?.count ?? 0, sizeBytes: rows[0]?.bytes ?? undefined };
  };
  return [
    { what: 'runs', count: sum(({ runs }) => runs), sizeBytes: undefined },
    { what: 'rows', count: sum(({ rows }) => rows), sizeBytes: rowBytes },
    { what: 'log lines', count: sum(({ lines }) => lines), sizeBytes: lineBytes },
    {
      what: 'files',
      ...(await counted(
        `SELECT count(*), coalesce(sum(size_bytes), 0)::bigint AS bytes FROM run_file
         WHERE run_id IS NULL OR run_id IN (SELECT run.id ${expiredRuns})`,
        expired.values,
      )),
    },
    {
      what: 'exports',
      ...(await counted(
        `SELECT count(*), coalesce(sum(size_bytes), 0)::bigint AS bytes FROM export
         WHERE run_id IS NULL OR asked_at < $7 OR run_id IN (SELECT run.id ${expiredRuns})`,
        [...expired.values, before(exportRetentionDays)],
      )),
    },
    {
      what: 'queue items',
      ...(await counted(
        `SELECT count(*), NULL::bigint AS bytes FROM queue_item WHERE status <> 'waiting' AND ended_at < $1`,
        [expired.firstKeptDay],
      )),
    },
    {
      what: 'audit entries',
      ...(await counted('SELECT count(*), NULL::bigint AS bytes FROM audit_entry WHERE at < $1', [
        before(auditRetentionDays),
      ])),
    },
  ];
}

async function expiredDays(database: Database, { values }: ExpiredRuns): Promise<ExpiredDay[]> {
  const { rows } = await database.pool.query<ExpiredDay>(
    `WITH expired AS (SELECT run.id, run.day ${expiredRuns})
     SELECT run.day, count(expired.id) AS runs,
       coalesce(sum(run.result_count) FILTER (WHERE expired.id IS NOT NULL), 0)::bigint AS rows,
       coalesce(sum(logged.lines) FILTER (WHERE expired.id IS NOT NULL), 0)::bigint AS lines,
       coalesce(sum(run.result_count), 0)::bigint AS all_rows, coalesce(sum(logged.lines), 0)::bigint AS all_lines
     FROM run LEFT JOIN expired ON expired.id = run.id
     LEFT JOIN LATERAL (
       SELECT debug_lines + info_lines + warn_lines + error_lines AS lines FROM run_log WHERE run_id = run.id
     ) AS logged ON true
     WHERE run.day IN (SELECT day FROM expired) GROUP BY run.day ORDER BY run.day`,
    [...values],
  );
  return rows;
}
