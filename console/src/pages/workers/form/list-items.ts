/** The items of a list as rows of cells. Unedited items keep their type and their other keys. */
import { isJsonObject, parseJson, stringifyJson } from '../../../api/lossless-json.ts';
import type { InputProperty } from '../../../api/input-schema.ts';

export interface ListRow {
  /** Identifies the row while it moves. */
  readonly id: number;
  readonly item: unknown;
}

export interface ListColumn {
  /** Key in the item; undefined if the item is the text itself. */
  readonly key: string | undefined;
  /** '' if the title of the list is enough. */
  readonly title: string;
  readonly description: string;
  readonly isRequired: boolean;
}

const plainColumn: ListColumn = { key: undefined, title: '', description: '', isRequired: false };

/** Never empty. */
export function columnsOf(property: InputProperty): readonly ListColumn[] {
  const { param_list: params = [], default: defaultItems, editor } = property;
  if (params.length > 0) {
    return params.map(({ param, title, description, required }) => ({
      key: param,
      title: title ?? param,
      description: description ?? '',
      isRequired: required,
    }));
  }
  const [first] = Array.isArray(defaultItems) ? (defaultItems as unknown[]) : [];
  const keys = isJsonObject(first) ? Object.keys(first) : [];
  if (keys.length > 1) return keys.map((key) => ({ ...plainColumn, key, title: key }));
  if (keys.length === 1) return [{ ...plainColumn, key: keys[0] }];
  const isRequest = editor === 'requestList' || editor === 'requestListSource';
  return [isRequest && first === undefined ? { ...plainColumn, key: 'url' } : plainColumn];
}

export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
}

/** The text of a cell. A plain item in a list of objects is shown in the first column. */
export function cellOf(item: unknown, { key }: ListColumn, isFirst: boolean): string {
  if (isJsonObject(item)) return key === undefined ? stringifyJson(item) : textOf(item[key]);
  return isFirst ? textOf(item) : '';
}

/** A new value, in the type of the one before if the text fits that type. */
function retyped(before: unknown, text: string): unknown {
  if (before === undefined || before === null || typeof before === 'string') return text;
  try {
    const value = parseJson(text);
    return typeof value === typeof before ? value : text;
  } catch {
    return text;
  }
}

function isBlankItem(item: unknown): boolean {
  if (isJsonObject(item)) return Object.values(item).every((value) => textOf(value).trim() === '');
  return textOf(item).trim() === '';
}

export function isBlank({ item }: ListRow): boolean {
  return isBlankItem(item);
}

let lastId = 0;

export function rowOf(item: unknown): ListRow {
  lastId += 1;
  return { id: lastId, item };
}

/** A row with these cells, padded to all columns. */
export function rowOfCells(cells: readonly string[], columns: readonly ListColumn[]): ListRow {
  const [{ key } = plainColumn] = columns;
  if (key === undefined) return rowOf(cells[0] ?? '');
  return rowOf(
    Object.fromEntries(columns.map((column, index) => [column.key ?? '', (cells[index] ?? '').trim()])),
  );
}

/** The row with one cell changed. */
export function withCell(row: ListRow, columns: readonly ListColumn[], index: number, text: string): ListRow {
  const { item } = row;
  const key = columns[index]?.key;
  if (key === undefined) return { ...row, item: isJsonObject(item) ? text : retyped(item, text) };
  if (isJsonObject(item)) return { ...row, item: { ...item, [key]: retyped(item[key], text) } };
  if (index === 0 && !isBlankItem(item)) return { ...row, item: retyped(item, text) };
  const [first] = columns;
  const started = Object.fromEntries(columns.map((column) => [column.key ?? '', '']));
  return { ...row, item: { ...started, [first?.key ?? '']: item ?? '', [key]: text } };
}

/** The items of an input. A single value counts as a list of one. */
export function rowsOf(value: unknown): ListRow[] {
  if (value === undefined || value === null || value === '') return [];
  return (Array.isArray(value) ? (value as unknown[]) : [value]).map(rowOf);
}

/** Blank rows are skipped, and plain texts are trimmed. */
export function itemsOf(rows: readonly ListRow[]): unknown[] {
  return rows
    .filter((row) => !isBlank(row))
    .map(({ item }) => (typeof item === 'string' ? item.trim() : item));
}

export function countItems(rows: readonly ListRow[]): number {
  return rows.reduce((count, row) => (isBlank(row) ? count : count + 1), 0);
}

/** Removes duplicates and keeps the first of each. */
export function withoutDuplicates(rows: readonly ListRow[]): ListRow[] {
  const seen = new Set<string>();
  return rows.filter(({ item }) => {
    const text = stringifyJson(typeof item === 'string' ? item.trim() : item);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** Position of the first item that lacks a required value. */
export function firstGap(
  rows: readonly ListRow[],
  columns: readonly ListColumn[],
): { readonly row: number; readonly column: number } | undefined {
  const required = columns.flatMap((column, index) => (column.isRequired ? [{ column, index }] : []));
  if (required.length === 0) return undefined;
  for (const [rowIndex, row] of rows.entries()) {
    if (isBlank(row)) continue;
    const gap = required.find(({ column, index }) => cellOf(row.item, column, index === 0).trim() === '');
    if (gap !== undefined) return { row: rowIndex, column: gap.index };
  }
  return undefined;
}

/**
 * Pastes cells at a cell. The first line goes into its row if the target cells are empty; all other lines become new
 * rows after it, so nothing is overwritten.
 */
export function pasteCells(
  rows: readonly ListRow[],
  columns: readonly ListColumn[],
  at: { readonly row: number; readonly column: number },
  cells: readonly (readonly string[])[],
): { readonly rows: ListRow[]; readonly last: number } {
  const target = rows[at.row];
  const [head = [], ...tail] = cells;
  const pad = Array.from({ length: at.column }, () => '');
  const added = (lines: readonly (readonly string[])[]): ListRow[] =>
    lines.map((line) => rowOfCells([...pad, ...line], columns));
  if (target === undefined) return { rows: added(cells), last: cells.length - 1 };
  const places = head
    .map((cell, offset) => ({ text: cell.trim(), index: at.column + offset }))
    .filter(({ index }) => index < columns.length);
  const isFree = places.every(
    ({ index }) => cellOf(target.item, columns[index] ?? plainColumn, index === 0).trim() === '',
  );
  const filled = isFree
    ? places.reduce((row, { text, index }) => withCell(row, columns, index, text), target)
    : target;
  const inserted = [filled, ...added(isFree ? tail : cells)];
  return { rows: rows.toSpliced(at.row, 1, ...inserted), last: at.row + inserted.length - 1 };
}

/** Swaps a row with the one above or below; at the edge nothing changes. */
export function moveRow(rows: readonly ListRow[], from: number, to: number): ListRow[] {
  const row = rows[from];
  if (row === undefined || to < 0 || to >= rows.length) return [...rows];
  return rows.toSpliced(from, 1).toSpliced(to, 0, row);
}

/** Rows as text, one per line, with tabs between cells. */
export function cellsOf(rows: readonly ListRow[], columns: readonly ListColumn[]): string[][] {
  return rows.map(({ item }) => columns.map((column, index) => cellOf(item, column, index === 0)));
}

/** The inverse of `cellsOf`. An unchanged line keeps its item unchanged. */
export function rowsOfCells(
  cells: readonly (readonly string[])[],
  columns: readonly ListColumn[],
  before: readonly ListRow[],
): ListRow[] {
  const known = new Map<string, ListRow[]>();
  for (const row of before) {
    const text = stringifyJson(columns.map((column, index) => cellOf(row.item, column, index === 0)));
    const same = known.get(text);
    if (same === undefined) known.set(text, [row]);
    else same.push(row);
  }
  return cells
    .filter((row) => row.some((cell) => cell.trim() !== ''))
    .map((row) => {
      const padded = columns.map((_column, index) => row[index] ?? '');
      return known.get(stringifyJson(padded))?.shift() ?? rowOfCells(padded, columns);
    });
}
