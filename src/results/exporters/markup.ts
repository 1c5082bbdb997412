/** Escapes text for XML and HTML. */

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
// oxlint-disable-next-line no-control-regex -- as above
const special = /[<>&"\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/;

/** Escapes text for an element. Characters that XML forbids even as references become U+FFFD. */
export function markupText(text: string): string {
  if (!special.test(text)) return text;
  return (
    text
      .toWellFormed()
      .replaceAll(forbidden, '\uFFFD')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // A parser would turn a literal one into a line feed.
      .replaceAll('\r', '&#13;')
  );
}

/** Escapes text for a double-quoted attribute; white space is kept. */
export function markupAttribute(text: string): string {
  return markupText(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}

/** An absolute http or https URL that is safe to link to; undefined for other text. */
export function webAddress(text: string): string | undefined {
  if (!/^https?:\/\/[^\s<>"]+$/i.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}
