/** Rows as JSON text, for formats that keep rows unchanged. */
import { readMembers, withoutLoneSurrogates, writeMembers } from '../../json/json-text.ts';
import type { ExportTable } from '../exporter.ts';
import { platformKeyPrefix } from '../result-row.ts';
import { cellReader } from './cells.ts';

function withoutPlatformKeys(row: string): string {
  const members = [...readMembers(row)].filter(([key]) => !key.startsWith(platformKeyPrefix));
  return writeMembers(new Map(members));
}

/**
 * Writes a row as one line of JSON: its own text, or only the requested columns in the requested order. Line breaks in
 * JSON text are white space, because strings contain only escapes.
 */
export function rowWriter(table: ExportTable): (row: string) => string {
  if (!table.isFiltered) {
    return (row) => {
      const whole = withoutLoneSurrogates(row);
      const text = whole.includes(platformKeyPrefix) ? withoutPlatformKeys(whole) : whole;
      return /[\n\r]/.test(text) ? text.replaceAll(/[\n\r]+/g, ' ') : text;
    };
  }
  const cellsOf = cellReader(table);
  const names = table.columns.map(({ key }) => JSON.stringify(key));
  return (row) => {
    const members = cellsOf(row).flatMap((cell, index) =>
      cell === undefined ? [] : [`${names[index]}:${cell.replaceAll(/[\n\r]+/g, ' ')}`],
    );
    return `{${members.join(',')}}`;
  };
}
