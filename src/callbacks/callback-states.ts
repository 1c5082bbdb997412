/**
 * States of a callback.
 *
 *     pending ──▶ delivered   a receiver accepted it
 *        └──────▶ given_up    its last attempt failed
 */
export const callbackStates = ['pending', 'delivered', 'given_up'] as const;
export type CallbackState = (typeof callbackStates)[number];

/** Statuses of a run that are sent to its callback URL: all except the initial one. */
export const reportedStatuses = ['running', 'aborting', 'succeeded', 'failed'] as const;
export type ReportedStatus = (typeof reportedStatuses)[number];
