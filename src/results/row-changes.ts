/** How rows of two runs can differ. Without imports, for the console. */
export const rowChanges = ['added', 'removed', 'changed', 'unchanged'] as const;
export type RowChange = (typeof rowChanges)[number];
