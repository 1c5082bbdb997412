/**
 * Statuses of a queue item.
 *
 *     waiting ──▶ activated   a run was started
 *        └──────▶ released    nothing will come of it
 */
export const queueItemStatuses = ['waiting', 'activated', 'released'] as const;
export type QueueItemStatus = (typeof queueItemStatuses)[number];

/** What the API tells apart: items that are held, and those that were activated or released. */
export const queueStates = ['waiting', 'inactive'] as const;
export type QueueState = (typeof queueStates)[number];
