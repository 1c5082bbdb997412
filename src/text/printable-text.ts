/** Makes foreign text safe to store in PostgreSQL and to print to a terminal. */

/** Control characters of ASCII and Latin-1, except tab and line feed. */
// oxlint-disable-next-line no-control-regex -- control characters are what it finds
const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/** @returns the text with U+FFFD for each control character (not tab and line feed) and lone surrogate */
export function printable(text: string): string {
  return text.replaceAll(controls, '\uFFFD').toWellFormed();
}
