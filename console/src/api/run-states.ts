/** The states of runs as the console shows them: the API's status, refined by the end reason. */
import type { Run } from '../../../src/answers/runs.ts';
import { runEndReasons, type RunEndReason } from '../../../src/runs/end-reasons.ts';
import type { RunStatus } from '../../../src/runs/statuses.ts';

/** In the order of the menu. */
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

/** Why runs fail, other than being aborted. */
export const failureReasons: readonly FailureReason[] = runEndReasons.filter(isFailureReason);

/** A filter of a list of runs: a state, or a reason for failing. */
export type RunStateFilter = RunState | FailureReason;
export const runStateFilters: readonly RunStateFilter[] = [...runStates, ...failureReasons];

/** The API calls an aborted run `failed`, and a run in which only some subtasks failed `succeeded`. */
export function stateOf({ status, end_reason: reason }: Pick<Run, 'status' | 'end_reason'>): RunState {
  return reason === 'aborted' || reason === 'partly_failed' ? reason : status;
}

/** Query parameters of the API that find these runs. */
export function stateQuery(filter: RunStateFilter | undefined): {
  status?: RunStatus;
  end_reason?: string;
} {
  if (filter === undefined) return {};
  if (filter === 'ready' || filter === 'running' || filter === 'aborting') return { status: filter };
  return { end_reason: filter === 'failed' ? failureReasons.join(',') : filter };
}
