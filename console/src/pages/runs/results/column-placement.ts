/** Places the columns of a table side by side. */
import type { ResultHeader } from '../../../api/run-results.ts';
import { columnWidth } from './result-value.ts';

/** Width of the column with the rows' numbers. */
export const numberWidth = 104;

export interface Column extends ResultHeader {
  /** Position in the table, from 1. */
  readonly place: number;
  readonly left: number;
  readonly width: number;
}

/**
 * Distributes the remaining width over the columns that have no width of their own.
 * @param room width of the table
 */
export function placed(
  headers: readonly ResultHeader[],
  own: ReadonlyMap<string, number>,
  room: number,
): Column[] {
  const usual = headers.map(({ key, format }) => (own.has(key) ? 0 : columnWidth(format)));
  const fixed = headers.reduce((total, { key }) => total + (own.get(key) ?? 0), numberWidth);
  const sum = usual.reduce((total, width) => total + width, 0);
  const factor = Math.max(1, (room - fixed) / Math.max(1, sum));
  let left = numberWidth;
  return headers.map((header, index) => {
    const width = own.get(header.key) ?? Math.floor((usual[index] ?? 0) * factor);
    left += width;
    return { ...header, place: index + 1, left: left - width, width };
  });
}

/** A rendered column: its margin is the space of those before it that are not rendered. */
export interface ShownColumn extends Column {
  readonly margin: number;
  readonly isSticky: boolean;
}

/** The columns in sight. The first one always is, as it sticks to the left. */
export function inSight(
  columns: readonly Column[],
  sight: { readonly left: number; readonly right: number },
  isFirstSticky: boolean,
): ShownColumn[] {
  const seen = columns.filter(
    ({ place, left, width }) =>
      (place === 1 && isFirstSticky) || (left + width >= sight.left && left <= sight.right),
  );
  return seen.map((column, index) => {
    const before = seen[index - 1];
    const end = before === undefined ? numberWidth : before.left + before.width;
    return { ...column, margin: column.left - end, isSticky: isFirstSticky && column.place === 1 };
  });
}
