/**
 * An Excel 97 workbook (BIFF8) with at most 65,536 rows of 256 columns. The file starts with all texts and their count,
 * so it is built in memory, and the number of cells and characters is limited too.
 */
import { utils, write } from 'cfb';
import { invalidArgument, type ChelaError } from '../../errors.ts';
import type { Exporter } from '../exporter.ts';
import { Biff8Sheet, cellFormat } from './biff8.ts';
import { cellReader, type Cell } from './cells.ts';
import { isFormulaLike } from './formula.ts';
import { fittingText, sheetValue } from './sheet-values.ts';
import { withNoteColumn } from './left-out.ts';

const cellLimit = 1_000_000;
const characterLimit = 32_000_000;

function tooMuch(limit: number, what: string): ChelaError {
  return invalidArgument(
    `these results exceed the limit of ${limit.toLocaleString('en')} ${what} for xls: export as xlsx instead, or fewer columns with filter_keys`,
  );
}

/** Adds a value, if there is one. @returns length of its text */
function addCell(sheet: Biff8Sheet, row: number, column: number, cell: Cell): number {
  const value = sheetValue(cell);
  if (value === undefined) return 0;
  if (value.type === 'number') sheet.addNumber(row, column, Number(value.literal));
  else if (value.type === 'boolean') sheet.addBoolean(row, column, value.isTrue);
  else {
    const { text } = value;
    sheet.addText(row, column, text, isFormulaLike(text) ? cellFormat.quoted : cellFormat.plain);
    return text.length;
  }
  return 0;
}

/** Compound files store smaller streams differently, and some readers do not find a workbook there. */
const smallestStreamBytes = 4096;

/** Wraps a workbook stream in a compound file, the container of Office 97 documents. */
function compoundFile(workbook: Buffer): Buffer {
  const padding = Buffer.alloc(Math.max(0, smallestStreamBytes - workbook.length));
  const file = utils.cfb_new();
  utils.cfb_add(file, '/Workbook', Buffer.concat([workbook, padding]));
  return write(file, { type: 'buffer' }) as Buffer;
}

export const writeXls: Exporter = async function* (source) {
  const table = withNoteColumn(source);
  const cellsOf = cellReader(table);
  const sheet = new Biff8Sheet();
  for (const [column, { key }] of table.columns.entries()) {
    sheet.addText(0, column, fittingText(key), cellFormat.heading);
  }
  let row = 0;
  let characterCount = 0;
  for await (const batch of table.rows) {
    for (const text of batch) {
      row += 1;
      if (row * table.columns.length > cellLimit) throw tooMuch(cellLimit, 'cells');
      for (const [column, cell] of cellsOf(text).entries()) {
        characterCount += addCell(sheet, row, column, cell);
      }
      if (characterCount > characterLimit) throw tooMuch(characterLimit, 'characters');
    }
  }
  yield compoundFile(sheet.workbook('Results'));
};
