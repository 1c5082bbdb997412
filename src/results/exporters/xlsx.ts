/**
 * An Excel workbook, written as a stream. Rows that exceed one sheet continue on the next; every sheet starts with a
 * row of keys. Strings are typed as text, so nothing is calculated. Text that looks like a formula is also marked as
 * quoted, so that it remains text when a user edits the cell.
 */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Exporter, ExportTable } from '../exporter.ts';
import { cellReader, type Cell } from './cells.ts';
import { isFormulaLike } from './formula.ts';
import { markupText } from './markup.ts';
import { fittingText, sheetValue } from './sheet-values.ts';
import { cellStyle, columnName, sheetEnd, sheetPath, sheetStart, workbookParts } from './xlsx-parts.ts';
import { withNoteColumn } from './left-out.ts';

/** 1,048,576 including the header row. */
const rowsPerSheet = 1_048_575;

/** Level 6 would make files a fifth smaller and take three times as long. */
const compression = { compressionLevel: 1 };

/**
 * The format's escapes for characters that XML forbids. Text that looks like one is escaped, so that it reads back
 * unchanged.
 */
const escapeLike = /_(?=x[0-9A-Fa-f]{4}_)/g;

function inlineText(text: string): string {
  const literal = text.includes('_x') ? text.replaceAll(escapeLike, '_x005F_') : text;
  const space = /^\s|\s$|\n|\r|\t| {2}/.test(text) ? ' xml:space="preserve"' : '';
  return `<is><t${space}>${markupText(literal)}</t></is>`;
}

function textCell(reference: string, style: number, text: string): string {
  return `<c r="${reference}"${style === cellStyle.plain ? '' : ` s="${style}"`} t="inlineStr">${inlineText(text)}</c>`;
}

function sheetCell(reference: string, cell: Cell): string {
  const value = sheetValue(cell);
  if (value === undefined) return '';
  if (value.type === 'number') return `<c r="${reference}"><v>${value.literal}</v></c>`;
  if (value.type === 'boolean') return `<c r="${reference}" t="b"><v>${value.isTrue ? 1 : 0}</v></c>`;
  return textCell(reference, isFormulaLike(value.text) ? cellStyle.quoted : cellStyle.plain, value.text);
}

/** Distributes the rows of a table over sheets. */
class RowReader {
  readonly #rows: AsyncIterator<readonly string[]>;
  #batch: readonly string[] = [];

  constructor(table: ExportTable) {
    this.#rows = table.rows[Symbol.asyncIterator]();
  }

  /** Up to `limit` rows, in batches. */
  async *take(limit: number): AsyncGenerator<readonly string[]> {
    let left = limit;
    while (left > 0) {
      if (this.#batch.length === 0) {
        const next = await this.#rows.next();
        if (next.done === true) return;
        this.#batch = next.value;
      }
      const taken = this.#batch.slice(0, left);
      this.#batch = this.#batch.slice(left);
      left -= taken.length;
      yield taken;
    }
  }
}

async function* sheetText(table: ExportTable, rows: RowReader): AsyncGenerator<string> {
  const cellsOf = cellReader(table);
  const names = table.columns.map((_, index) => columnName(index));
  const headings = table.columns.map(({ key }, index) =>
    textCell(`${names[index]}1`, cellStyle.heading, fittingText(key)),
  );
  yield `${sheetStart}<row r="1">${headings.join('')}</row>`;
  let number = 1;
  const rowText = (row: string): string => {
    number += 1;
    const cells = cellsOf(row).map((cell, index) => sheetCell(`${names[index]}${number}`, cell));
    return `<row r="${number}">${cells.join('')}</row>`;
  };
  for await (const batch of rows.take(rowsPerSheet)) yield batch.map(rowText).join('');
  yield sheetEnd;
}

export const writeXlsx: Exporter = async function* (source) {
  const table = withNoteColumn(source);
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  const sheetCount = Math.max(1, Math.ceil(table.rowCount / rowsPerSheet));
  for (const [path, text] of Object.entries(workbookParts(sheetCount))) {
    zip.addBuffer(Buffer.from(text), path, compression);
  }
  const rows = new RowReader(table);
  for (let sheet = 1; sheet <= sheetCount; sheet += 1) {
    zip.addReadStreamLazy(sheetPath(sheet), compression, (opened) =>
      opened(null, Readable.from(sheetText(table, rows))),
    );
  }
  zip.end();
  yield* output as AsyncIterable<Uint8Array>;
};
