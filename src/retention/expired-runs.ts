/** Which runs are older than the retention of their account. */
import { dayOf } from '../database/partitions.ts';

const dayMilliseconds = 24 * 3600 * 1000;

export interface RetentionPolicy {
  /** Number of days to keep runs of plans that are not named below. */
  readonly days: number;
  /** Retention by plan; none if omitted. */
  readonly plans?: {
    readonly days: ReadonlyMap<string, number>;
    /** Every configured plan. */
    readonly names: readonly string[];
    /** Plan of accounts that have none of these. */
    readonly defaultName: string;
  };
}

/** The policy at one moment. Days are `YYYY-MM-DD`. */
export interface ExpiredRuns {
  /** Of the usual retention. */
  readonly firstKeptDay: string;
  /** Of the shortest retention. No run from this day on has expired. */
  readonly lastFirstKeptDay: string;
  /** Values of the parameters $1 to $6 of `expiredRuns`. */
  readonly values: readonly unknown[];
}

/** FROM and WHERE of runs that have expired: ended, neither pinned nor kept by their account's plan. */
export const expiredRuns = `
  FROM run JOIN account ON account.id = run.account_id
  LEFT JOIN unnest($1::text[], $2::date[]) AS kept (plan, first_day)
    ON kept.plan = CASE WHEN account.plan = ANY ($3::text[]) THEN account.plan ELSE $4 END
  WHERE run.day < $6 AND run.day < coalesce(kept.first_day, $5)
    AND run.status IN ('succeeded', 'failed') AND run.pinned_at IS NULL`;

export function expiredAt({ days, plans }: RetentionPolicy, now: Date): ExpiredRuns {
  const firstDay = (kept: number): string => dayOf(new Date(now.getTime() - kept * dayMilliseconds));
  const byPlan = [...(plans?.days ?? [])].map(([name, kept]) => [name, firstDay(kept)] as const);
  const firstKeptDay = firstDay(days);
  const lastFirstKeptDay = [firstKeptDay, ...byPlan.map(([, day]) => day)].toSorted().at(-1) ?? firstKeptDay;
  return {
    firstKeptDay,
    lastFirstKeptDay,
    values: [
      byPlan.map(([name]) => name),
      byPlan.map(([, day]) => day),
      plans?.names ?? [],
      plans?.defaultName ?? '',
      firstKeptDay,
      lastFirstKeptDay,
    ],
  };
}
