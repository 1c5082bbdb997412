/** A row as the API shows it. */

/** The platform's own column: names a row of a run for good. */
export const dataIdKey = '__coreclaw_data_id__';
/** Keys that begin so are the platform's own. */
export const platformKeyPrefix = '__coreclaw_';

export type ResultRow = Readonly<Record<string, unknown>> & { readonly [dataIdKey]: string };
