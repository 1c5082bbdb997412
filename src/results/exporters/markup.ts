/** Text in XML and HTML. */

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
// oxlint-disable-next-line no-control-regex -- as above
const special = /[<>&"\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/;

/** Text for an element; what XML forbids, even as a reference, becomes U+FFFD. */
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
      // A parser would read a plain one as a line feed.
      .replaceAll('\r', '&#13;')
  );
}

/** Text between double quotes; white space stays what it is. */
export function markupAttribute(text: string): string {
  return markupText(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}

/** An address that a link may lead to: absolute, http or https. */
export function webAddress(text: string): string | undefined {
  if (!/^https?:\/\/[^\s<>"]+$/i.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}
