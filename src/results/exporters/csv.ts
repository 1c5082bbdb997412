/**
 * CSV according to RFC 4180: UTF-8 without byte order mark, CRLF line ends, a header line with the keys. Text that
 * spreadsheets would take for a formula is prefixed with an apostrophe.
 */
import type { Exporter } from '../exporter.ts';
import { cellReader, cellText, isString, stringValue, type Cell } from './cells.ts';
import { isFormulaLike } from './formula.ts';

/** Characters that some readers treat as the end of a field, including other separators. */
const needsQuotes = /[",;\t\r\n]|^\s|\s$/;

function field(text: string): string {
  // Many readers end a text at U+0000.
  const whole = text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
  return needsQuotes.test(whole) ? `"${whole.replaceAll('"', '""')}"` : whole;
}

function textField(text: string): string {
  return field(isFormulaLike(text) ? `'${text}` : text);
}

function cellField(cell: Cell): string {
  return isString(cell) ? textField(stringValue(cell)) : field(cellText(cell));
}

export const writeCsv: Exporter = async function* (table) {
  const cellsOf = cellReader(table);
  yield `${table.columns.map(({ key }) => textField(key)).join(',')}\r\n`;
  for await (const rows of table.rows) {
    yield rows.map((row) => `${cellsOf(row).map(cellField).join(',')}\r\n`).join('');
  }
};
