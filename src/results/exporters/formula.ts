/**
 * Detects text that a spreadsheet would run as a formula when it opens or edits a cell. Excel parses text after a sign as
 * an expression, and keeps it as text if it is not one: handles (`@nasa`), phone numbers and phrases are harmless.
 */

/** Tabs and line breaks, which spreadsheets drop, and equals signs, possibly after white space. */
const alwaysFormula = /^(?:[\t\r]|[\s\p{Cc}\uFEFF]*=)/u;
const signed = /^[\s\p{Cc}\uFEFF]*(?:[+\-@][\s+\-@]*)/u;
/** Numbers, phone numbers and dates, which cannot call or fetch anything. */
const harmless = /^[+-][\d\s.,:()/%-]*$/;
/** A call, another program's data (`cmd|…`), or a cell of another sheet. */
const callOrReference = /[\p{L}\p{N}_.](?:\(|\||!\$?[A-Za-z])|'!/u;
const operators = /[-+*/^&=<>]/;
const cellReference = /^\$?[A-Za-z]{1,3}\$?\d{1,7}(?::\$?[A-Za-z]{1,3}\$?\d{1,7})?$/;
const numberOrText = /^(?:\d[\d.,]*(?:[Ee]\d+)?%?|"[^"]*")$/;

/** Japanese and Chinese versions of Excel also accept the full-width forms of these characters. */
function withNarrowSigns(text: string): string {
  return text.replaceAll(/[＝＋－＠]/g, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) - 0xfee0));
}

/** @param text the text after a sign */
function isExpression(text: string): boolean {
  const operands = text.split(operators).map((operand) => operand.replaceAll(/[()]/g, '').trim());
  const [first = ''] = operands;
  if (operands.length === 1) return cellReference.test(first);
  // Two words without an operator between them are a phrase.
  if (operands.at(-1) === '' || operands.some((operand) => /[^"]\s[^"]/.test(operand))) return false;
  return operands.some((operand) => cellReference.test(operand) || numberOrText.test(operand));
}

export function isFormulaLike(text: string): boolean {
  const narrow = withNarrowSigns(text);
  if (alwaysFormula.test(narrow)) return true;
  const [sign] = signed.exec(narrow) ?? [];
  if (sign === undefined || harmless.test(narrow)) return false;
  if (callOrReference.test(narrow)) return true;
  return !sign.includes('@') && isExpression(narrow.slice(sign.length));
}
