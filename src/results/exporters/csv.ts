/**
 * CSV according to RFC 4180: UTF-8, CRLF line ends, a header line with the keys. Unless the request says otherwise, there
 * is no byte order mark, and values that spreadsheets would run as a formula are prefixed with an apostrophe.
 */
import type { Exporter } from '../exporter.ts';
import { cellReader, cellText, isString, stringValue, type Cell } from './cells.ts';
import { isFormulaLike } from './formula.ts';
import { withNoteColumn } from './left-out.ts';

/** Characters that some readers treat as the end of a field, including other separators. */
const needsQuotes = /[",;\t\r\n]|^\s|\s$/;

function field(text: string): string {
  // Many readers end a text at U+0000.
  const whole = text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
  return needsQuotes.test(whole) ? `"${whole.replaceAll('"', '""')}"` : whole;
}

/** A line with one empty field would be a blank line, which readers skip. */
function line(fields: readonly string[]): string {
  return `${fields.length === 1 && fields[0] === '' ? '""' : fields.join(',')}\r\n`;
}

function defusedField(cell: Cell): string {
  if (!isString(cell)) return field(cellText(cell));
  const text = stringValue(cell);
  return field(isFormulaLike(text) ? `'${text}` : text);
}

function exactField(cell: Cell): string {
  return field(cellText(cell));
}

export const writeCsv: Exporter = async function* (source) {
  const table = withNoteColumn(source);
  const { columns, csv } = table;
  const cellsOf = cellReader(table);
  const cellField = csv.defusesFormulas ? defusedField : exactField;
  yield `${csv.hasByteOrderMark ? '\uFEFF' : ''}${line(columns.map(({ key }) => field(key)))}`;
  for await (const rows of table.rows) yield rows.map((row) => line(cellsOf(row).map(cellField))).join('');
};
