/** Addresses within a page. */

/**
 * The name of a heading in an address, as code hosts make it: `Input and output` becomes `input-and-output`.
 * @param text Markdown of the heading
 */
export function headingAnchor(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}
