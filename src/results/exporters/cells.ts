/** Rows as cells. Each value keeps the JSON text that the worker wrote, so that numbers keep all digits. */
import { readMembers, withoutLoneSurrogates } from '../../json/json-text.ts';
import type { ExportTable } from '../exporter.ts';

/** JSON text of a value; undefined if the row does not have the key. */
export type Cell = string | undefined;

/** Reads the values of a row in the order of the columns. */
export function cellReader({ columns }: Pick<ExportTable, 'columns'>): (row: string) => Cell[] {
  const keys = columns.map(({ key }) => key);
  return (row) => {
    const members = readMembers(withoutLoneSurrogates(row));
    return keys.map((key) => members.get(key));
  };
}

export function isString(cell: Cell): cell is string {
  return cell !== undefined && cell.startsWith('"');
}

/** Whether a value is an object or an array. */
export function isNested(cell: Cell): cell is string {
  return cell !== undefined && (cell.startsWith('{') || cell.startsWith('['));
}

/** @param cell JSON text of a string */
export function stringValue(cell: string): string {
  return cell.includes('\\') ? (JSON.parse(cell) as string) : cell.slice(1, -1);
}

/** Text of a value in a flat file: strings without quotes, numbers and nested values as JSON, null and absent as ''. */
export function cellText(cell: Cell): string {
  if (cell === undefined || cell === 'null') return '';
  return isString(cell) ? stringValue(cell) : cell;
}
