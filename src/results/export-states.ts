/**
 * States of an export.
 *
 *     queued ──▶ ready    the file is in the storage
 *       └──────▶ failed
 *
 * One that is asked for again after it failed, or after its file was removed, is queued again.
 */
export const exportStates = ['queued', 'ready', 'failed'] as const;
export type ExportState = (typeof exportStates)[number];
