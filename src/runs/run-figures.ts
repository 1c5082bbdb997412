/** Formats figures of a run in the same way for the API and for callbacks. */
import type { EndDetail, RunEndReason, SubtaskEndReason, SuspectedLimit } from './end-reasons.ts';
import { limitFacts, type LimitFacts, type NamedLimit } from './named-limits.ts';

/** Unix seconds; 0 if it has not happened. */
export function unixSeconds(moment: Date | null | undefined): number {
  return moment ? Math.floor(moment.getTime() / 1000) : 0;
}

/** The difference of the two times in whole seconds, so that clients who compute it get the same. */
export function durationSeconds(run: { started_at: Date | null; finished_at: Date | null }): number {
  if (run.started_at === null) return 0;
  const end = unixSeconds(run.finished_at ?? new Date());
  return Math.max(0, end - unixSeconds(run.started_at));
}

/** How many rows a run has, in words. */
export function resultMessage(run: { result_count: number }): string {
  return `${run.result_count} ${run.result_count === 1 ? 'result' : 'results'}`;
}

/** The end columns of a run or subtask. */
export interface EndColumns<Reason extends RunEndReason = RunEndReason> {
  readonly end_reason: Reason | null;
  readonly end_detail: EndDetail | null;
  readonly error_headline: string;
}

/** The detail of an end for clients: limits include their unit and the setting. */
export type ShownEndDetail = Omit<EndDetail, 'suspected_limits'> &
  Partial<LimitFacts> & { readonly suspected_limits?: (SuspectedLimit & LimitFacts)[] };

function withFacts<Limit extends NamedLimit>(limit: Limit): Limit & LimitFacts {
  return { ...limit, ...limitFacts[limit.limit] };
}

/** The end of a run or subtask, as fields for the API and callbacks. */
export function endFields<Reason extends SubtaskEndReason | RunEndReason>(ended: EndColumns<Reason>) {
  const { suspected_limits: suspected, ...detail } = ended.end_detail ?? {};
  const shown: ShownEndDetail = {
    ...detail,
    ...(detail.limit !== undefined && limitFacts[detail.limit]),
    ...(suspected !== undefined && { suspected_limits: suspected.map(withFacts) }),
  };
  return {
    end_reason: ended.end_reason ?? ('' as const),
    end_detail: shown,
    error_headline: ended.error_headline,
  };
}
