/**
 * Reads and writes cells in the clipboard format of spreadsheets: tabs between cells, one row per line. A cell that
 * contains a tab, a line break or quotes is quoted, with its own quotes doubled.
 */

interface Quoted {
  readonly text: string;
  /** Index after the closing quote. */
  readonly end: number;
}

/** @returns undefined if the quotes belong to the text itself, as in `"exact words"` */
function readQuoted(text: string, start: number): Quoted | undefined {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end === -1) return undefined;
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  const next = text[end + 1];
  if (next !== undefined && !'\t\r\n'.includes(next)) return undefined;
  const inner = text.slice(start + 1, end);
  return /[\t\r\n]|""/.test(inner) ? { text: inner.replaceAll('""', '"'), end: end + 1 } : undefined;
}

const separator = /[\t\r\n]/g;

function readCell(text: string, start: number): Quoted {
  const quoted = text[start] === '"' ? readQuoted(text, start) : undefined;
  if (quoted !== undefined) return quoted;
  separator.lastIndex = start;
  const end = separator.exec(text)?.index ?? text.length;
  return { text: text.slice(start, end), end };
}

/** Parses rows of cells; `a\tb` is a row of two. A trailing line break starts no new row. */
export function readCells(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let position = 0;
  while (position <= text.length) {
    const cell = readCell(text, position);
    row.push(cell.text);
    const next = text[cell.end];
    position = cell.end + 1;
    if (next === '\t') continue;
    rows.push(row);
    row = [];
    if (next === '\r' && text[position] === '\n') position += 1;
    if (position >= text.length) break;
  }
  return rows;
}

function writeCell(cell: string): string {
  const needsQuotes = /[\t\r\n]/.test(cell) || (cell.startsWith('"') && cell.slice(1).includes('""'));
  return needsQuotes ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The inverse of `readCells`. */
export function writeCells(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(writeCell).join('\t')).join('\n');
}
