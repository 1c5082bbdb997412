/** Why a run waits. */
export const waitReasons = ['not_waiting', 'no_runner', 'no_free_slot', 'starting'] as const;
export type WaitReason = (typeof waitReasons)[number];
