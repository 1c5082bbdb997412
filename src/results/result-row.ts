/** Keys of a row in the API. */

/** The platform's own column: a permanent id of the row. */
export const dataIdKey = '__coreclaw_data_id__';
/** Keys with this prefix belong to the platform. */
export const platformKeyPrefix = '__coreclaw_';

export type ResultRow = Readonly<Record<string, unknown>> & { readonly [dataIdKey]: string };
