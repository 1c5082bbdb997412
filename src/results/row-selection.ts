/** Which rows of a run are shown or exported, and in which order. Without imports, for the console. */

/** Numbers as JSON writes them, also in texts, as `text_as_number` of the database reads them. */
const numberText = /^-?\d+(?:\.\d+)?(?:e[-+]?\d{1,2})?$/i;
export const maxNumberLength = 100;

export function isNumberText(text: string): boolean {
  return text.length <= maxNumberLength && numberText.test(text);
}

export const filterOperators = ['contains', 'equals', 'empty', 'not_empty', 'range'] as const;
export type FilterOperator = (typeof filterOperators)[number];

/** A condition on one column. Numbers are decimal text, so that they keep all digits. */
export type RowFilter =
  | { readonly key: string; readonly operator: 'contains' | 'equals'; readonly value: string }
  | { readonly key: string; readonly operator: 'empty' | 'not_empty' }
  | {
      readonly key: string;
      readonly operator: 'range';
      readonly kind: 'number' | 'date';
      /** Both are included; at least one is given. */
      readonly from: string | undefined;
      readonly to: string | undefined;
    };

export const sortDirections = ['asc', 'desc'] as const;

export interface RowOrder {
  readonly key: string;
  readonly direction: (typeof sortDirections)[number];
}

export interface RowSelection {
  /** Text that one of the values contains; `''` for any. */
  readonly words: string;
  /** All of them apply. */
  readonly filters: readonly RowFilter[];
  /** The order of first arrival if undefined. */
  readonly order: RowOrder | undefined;
}

/** All rows in the order of first arrival. */
export const everything: RowSelection = { words: '', filters: [], order: undefined };

/** Whether a selection leaves rows out. */
export function isNarrowed({ words, filters }: RowSelection): boolean {
  return words !== '' || filters.length > 0;
}

/** Whether a selection is all rows in the order of first arrival. */
export function isEverything(selection: RowSelection): boolean {
  return !isNarrowed(selection) && selection.order === undefined;
}
