/** Converts values to cells of a spreadsheet, for both Excel formats. */
import { isLossyNumber } from '../../json/json-text.ts';
import { withoutEnd } from '../../text/text-ends.ts';
import { pictureAddress } from '../pictures.ts';
import { cellText, isString, type Cell } from './cells.ts';

/** Maximum length of a spreadsheet's cell in UTF-16 units; other formats for readers have the same. */
const textLengthLimit = 32_767;

/** Spreadsheets keep this many significant digits. */
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

/**
 * Cuts text that is too long, and marks the cut. A part of a picture would be useless, so a note replaces it.
 * @param place what it is too long for
 */
export function fittingText(text: string, place = 'a cell'): string {
  if (text.length <= textLengthLimit) return text;
  if (pictureAddress(text) !== undefined)
    return `[picture, ${text.length.toLocaleString('en')} characters: too long for ${place}]`;
  const mark = ` … [cut, ${text.length.toLocaleString('en')} characters]`;
  const kept = text.slice(0, textLengthLimit - mark.length);
  // Do not split a surrogate pair.
  return (/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept) + mark;
}

/**
 * Numbers that a spreadsheet would round become text, to keep all digits.
 * @returns undefined for null, an empty text and no value
 */
export function sheetValue(cell: Cell): SheetValue | undefined {
  if (cell === undefined || cell === 'null' || cell === '""') return undefined;
  if (cell === 'true' || cell === 'false') return { type: 'boolean', isTrue: cell === 'true' };
  if (!isString(cell) && /^[\d-]/.test(cell) && isExactNumber(cell)) return { type: 'number', literal: cell };
  return { type: 'text', text: fittingText(cellText(cell)) };
}
