/** Anchors of headings. */

/**
 * The anchor of a heading, built as code hosts do: `Input and output` becomes `input-and-output`.
 * @param text Markdown of the heading
 */
export function headingAnchor(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}
