/** What a cell of a spreadsheet holds for a value of a row, in both formats of Excel. */
import { isLossyNumber } from '../../json/json-text.ts';
import { withoutEnd } from '../../text/text-ends.ts';
import { cellText, isString, type Cell } from './cells.ts';

/** Most characters of a cell, counted as UTF-16 does. */
const textLengthLimit = 32_767;

/** Spreadsheets show and keep numbers with so many digits. */
const digitLimit = 15;

export type SheetValue =
  | { readonly type: 'number'; readonly literal: string }
  | { readonly type: 'boolean'; readonly isTrue: boolean }
  | { readonly type: 'text'; readonly text: string };

function isExactNumber(literal: string): boolean {
  if (isLossyNumber(literal)) return false;
  const [mantissa = ''] = String(Number(literal)).split('e');
  const digits = mantissa.replaceAll(/\D/g, '').replace(/^0+/, '');
  return withoutEnd(digits, '0').length <= digitLimit;
}

/** A longer text is cut, and says so at its end. */
export function fittingText(text: string): string {
  if (text.length <= textLengthLimit) return text;
  const mark = ` … [cut, ${text.length.toLocaleString('en')} characters]`;
  const kept = text.slice(0, textLengthLimit - mark.length);
  // Not between the two halves of a character.
  return (/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept) + mark;
}

/**
 * Numbers that a spreadsheet would round are text, so that every digit is kept.
 * @returns undefined for null, an empty text and no value
 */
export function sheetValue(cell: Cell): SheetValue | undefined {
  if (cell === undefined || cell === 'null' || cell === '""') return undefined;
  if (cell === 'true' || cell === 'false') return { type: 'boolean', isTrue: cell === 'true' };
  if (!isString(cell) && /^[\d-]/.test(cell) && isExactNumber(cell)) return { type: 'number', literal: cell };
  return { type: 'text', text: fittingText(cellText(cell)) };
}
