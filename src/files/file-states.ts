/**
 * States of a file.
 *
 *     writing ──▶ kept        its content is complete
 *     writing ──▶ discarded   its content did not arrive, or exceeded a limit
 *     kept ──▶ discarded      it was replaced or deleted
 *
 * A discarded file is removed from the storage, then from the table.
 */
export const fileStates = ['writing', 'kept', 'discarded'] as const;
export type FileState = (typeof fileStates)[number];
