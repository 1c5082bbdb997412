/** What a run came to, as people tell runs apart: the API's status, told from its end reason where that says more. */
import type { Run } from '../../../src/answers/runs.ts';
import { runEndReasons, type RunEndReason } from '../../../src/runs/end-reasons.ts';
import type { RunStatus } from '../../../src/runs/statuses.ts';

/** In the order in which they are offered. */
export const runStates = [
  'ready',
  'running',
  'aborting',
  'succeeded',
  'partly_failed',
  'failed',
  'aborted',
] as const;
export type RunState = (typeof runStates)[number];

type FailureReason = Exclude<RunEndReason, 'succeeded' | 'partly_failed' | 'aborted'>;

function isFailureReason(reason: RunEndReason): reason is FailureReason {
  return reason !== 'succeeded' && reason !== 'partly_failed' && reason !== 'aborted';
}

/** Why runs fail by themselves. */
export const failureReasons: readonly FailureReason[] = runEndReasons.filter(isFailureReason);

/** What a list of runs can be narrowed down to: a state, or a reason for which runs fail. */
export type RunStateFilter = RunState | FailureReason;
export const runStateFilters: readonly RunStateFilter[] = [...runStates, ...failureReasons];

/** The API calls a run `failed` that somebody aborted, and `succeeded` where only some subtasks failed. */
export function stateOf({ status, end_reason: reason }: Pick<Run, 'status' | 'end_reason'>): RunState {
  return reason === 'aborted' || reason === 'partly_failed' ? reason : status;
}

/** The fields of the API's query that find the runs. */
export function stateQuery(filter: RunStateFilter | undefined): {
  status?: RunStatus;
  end_reason?: string;
} {
  if (filter === undefined) return {};
  if (filter === 'ready' || filter === 'running' || filter === 'aborting') return { status: filter };
  return { end_reason: filter === 'failed' ? failureReasons.join(',') : filter };
}
