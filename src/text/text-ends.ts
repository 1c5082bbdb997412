/**
 * Removes characters from the end of a text. An expression such as `/0+$/` takes quadratic time on long runs within the
 * text.
 */

/** @returns the text without trailing characters of this set */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
