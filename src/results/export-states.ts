/**
 * States of an export.
 *
 *     queued ──▶ ready    the file is in the storage
 *       └──────▶ failed
 *
 * A failed export, or one whose file was removed, is queued again on the next request.
 */
export const exportStates = ['queued', 'ready', 'failed'] as const;
export type ExportState = (typeof exportStates)[number];
