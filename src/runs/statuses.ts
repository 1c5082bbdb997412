/**
 * Statuses of runs and subtasks, and the moves between them.
 *
 *     run:      ready ──▶ running ──▶ succeeded
 *                 │          │  └───▶ failed
 *                 └──────────┴──▶ aborting ──▶ failed
 *
 *     subtask:  ready ──▶ running ──▶ succeeded
 *                 ▲          │  └───▶ failed
 *                 └── lost ──┘  (a runner died and CHELA_LOST_SUBTASKS=retry)
 *
 * A subtask that was never started goes from ready to failed when its run is aborted. A run ends with its last subtask:
 * failed if it was being aborted or if every subtask failed, else succeeded.
 */

export const runStatuses = ['ready', 'running', 'succeeded', 'failed', 'aborting'] as const;
export type RunStatus = (typeof runStatuses)[number];

export const subtaskStatuses = ['ready', 'running', 'succeeded', 'failed'] as const;
export type SubtaskStatus = (typeof subtaskStatuses)[number];

export const origins = ['api_v2', 'console', 'schedule', 'task', 'mcp', 'cli'] as const;
export type Origin = (typeof origins)[number];

/** Whether a run has ended and will not change any more. */
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

/** The status a run ends with, once all of its subtasks have ended. */
export function finalStatus(run: {
  status: RunStatus;
  subtask_count: number;
  subtasks_failed: number;
}): 'succeeded' | 'failed' {
  return run.status === 'aborting' || run.subtasks_failed === run.subtask_count ? 'failed' : 'succeeded';
}
