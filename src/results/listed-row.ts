/** Rows of a page, of which large ones are read only when they are sent. */
import type { ResultRow } from './result-row.ts';

/** A row that is too large to be in memory together with others. */
export class LargeRow {
  /** @returns undefined if the row was removed */
  readonly load: () => Promise<ResultRow | undefined>;

  constructor(load: LargeRow['load']) {
    this.load = load;
  }
}

export type ListedRow = ResultRow | LargeRow;

/** Applies a change to a row, for a large one once it is read. */
export function changedRow(row: ListedRow, change: (row: ResultRow) => ResultRow): ListedRow {
  if (!(row instanceof LargeRow)) return change(row);
  return new LargeRow(async () => {
    const whole = await row.load();
    return whole && change(whole);
  });
}
