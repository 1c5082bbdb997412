/**
 * Statuses of a queue item.
 *
 *     waiting ──▶ activated   a run was started
 *        └──────▶ released    the run was discarded
 */
export const queueItemStatuses = ['waiting', 'activated', 'released'] as const;
export type QueueItemStatus = (typeof queueItemStatuses)[number];

/** States in the API: held items, and those that were activated or released. */
export const queueStates = ['waiting', 'inactive'] as const;
export type QueueState = (typeof queueStates)[number];
