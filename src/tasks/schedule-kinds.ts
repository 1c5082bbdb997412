/** What a schedule may say, and what becomes of its ticks. */
export const scheduleTypes = { daily: 1, weekly: 2, monthly: 3, once: 4 } as const;
export type ScheduleType = (typeof scheduleTypes)[keyof typeof scheduleTypes];

/** What becomes of a tick while an earlier run of the task goes on. */
export const overlapPolicies = ['skip', 'allow', 'queue'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** What becomes of ticks that nobody could fire in their time. */
export const missedPolicies = ['run_once', 'skip'] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

export const tickOutcomes = ['started', 'skipped', 'queued', 'failed', 'missed'] as const;
export type TickOutcome = (typeof tickOutcomes)[number];
