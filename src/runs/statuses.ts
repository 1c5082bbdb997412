/**
 * Statuses of runs and subtasks, and the transitions between them.
 *
 *     run:      ready ──▶ running ──▶ succeeded
 *                 │          │  └───▶ failed
 *                 └──────────┴──▶ aborting ──▶ failed
 *
 *     subtask:  ready ──▶ running ──▶ succeeded
 *                 ▲          │  └───▶ failed
 *                 └── lost ──┘  (its runner was lost and CHELA_LOST_SUBTASKS=retry)
 *
 * A subtask that has not started goes from ready to failed when its run is aborted. A run ends with its last subtask:
 * failed if it was being aborted or if every subtask failed, otherwise succeeded.
 */

export const runStatuses = ['ready', 'running', 'succeeded', 'failed', 'aborting'] as const;
export type RunStatus = (typeof runStatuses)[number];

export const subtaskStatuses = ['ready', 'running', 'succeeded', 'failed'] as const;
export type SubtaskStatus = (typeof subtaskStatuses)[number];

export const origins = ['api_v2', 'console', 'schedule', 'task', 'mcp', 'cli'] as const;
export type Origin = (typeof origins)[number];

/** Whether a run has ended, so that its status is final. */
export function isFinished(status: RunStatus): boolean {
  switch (status) {
    case 'succeeded':
    case 'failed':
      return true;
    case 'ready':
    case 'running':
    case 'aborting':
      return false;
    default:
      return status satisfies never;
  }
}

/** The final status of a run whose subtasks have all ended. */
export function finalStatus(run: {
  status: RunStatus;
  subtask_count: number;
  subtasks_failed: number;
}): 'succeeded' | 'failed' {
  return run.status === 'aborting' || run.subtasks_failed === run.subtask_count ? 'failed' : 'succeeded';
}
