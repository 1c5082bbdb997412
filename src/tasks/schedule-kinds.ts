/** Types of schedules, and policies for their ticks. */
export const scheduleTypes = { daily: 1, weekly: 2, monthly: 3, once: 4 } as const;
export type ScheduleType = (typeof scheduleTypes)[keyof typeof scheduleTypes];

/** What to do with a tick while an earlier run of the task is still going on. */
export const overlapPolicies = ['skip', 'allow', 'queue'] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

/** What to do with ticks that passed while no process was running. */
export const missedPolicies = ['run_once', 'skip'] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

export const tickOutcomes = ['started', 'skipped', 'queued', 'failed', 'missed'] as const;
export type TickOutcome = (typeof tickOutcomes)[number];
