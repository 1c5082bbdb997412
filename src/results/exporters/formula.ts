/** Text that a spreadsheet would take for a formula when it opens or edits a cell. */

/** Signs a formula can begin with, also behind white space, and the tab and line break that spreadsheets drop. */
const formulaStart = /^(?:[\t\r]|[\s\p{Cc}\uFEFF]*[=+\-@＝＋－＠])/u;
/** Numbers, telephone numbers and dates: nothing in them can be called or fetched. */
const harmless = /^[+-][\d\s.,:()/-]*$/;

export function isFormulaLike(text: string): boolean {
  return formulaStart.test(text) && !harmless.test(text);
}
