/** Detects text that a spreadsheet would treat as a formula when it opens or edits a cell. */

/** Characters that start a formula, possibly after white space, and tabs and line breaks, which spreadsheets drop. */
const formulaStart = /^(?:[\t\r]|[\s\p{Cc}\uFEFF]*[=+\-@＝＋－＠])/u;
/** Numbers, phone numbers and dates, which cannot call or fetch anything. */
const harmless = /^[+-][\d\s.,:()/-]*$/;

export function isFormulaLike(text: string): boolean {
  return formulaStart.test(text) && !harmless.test(text);
}
