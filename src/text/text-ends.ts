/** Takes characters off the end of a text. An expression such as `/0+$/` takes quadratic time on a long run within it. */

/** @returns the text without any of these characters at its end */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
