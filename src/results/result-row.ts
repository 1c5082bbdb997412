/** Keys of a row in the API. */

/** The platform's own column: a permanent id of the row. */
export const dataIdKey = '__coreclaw_data_id__';
/** In shortened rows, the columns with cut texts and the number of characters of these texts. */
export const cutKey = '__coreclaw_cut__';
/** Keys with this prefix belong to the platform. */
export const platformKeyPrefix = '__coreclaw_';

export type ResultRow = Readonly<Record<string, unknown>> & { readonly [dataIdKey]: string };
