/** Patterns of ILIKE that look for a text as it is, in plain text and in JSON text. */

/** A pattern for text that contains the words, whatever `%`, `_` and `\` are in them. */
export function containing(words: string): string {
  return `%${words.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
}

function escapedCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Patterns for JSON text that has the words in a string, in every spelling that writers of JSON have: as they are, ASCII
 * only (Python), or without `<`, `>` and `&` (Go). An escape has no case of its own, so both cases are looked for.
 */
export function containingInJson(words: string): string[] {
  const spellings = [words, words.toLowerCase(), words.toUpperCase()].flatMap((spelling) => {
    const plain = JSON.stringify(spelling).slice(1, -1);
    return [
      plain,
      plain.replaceAll(/[^\0-\x7f]/g, escapedCharacter),
      plain.replaceAll(/[<>&]/g, escapedCharacter),
    ];
  });
  // ILIKE sees no difference of case among the plain ones.
  const different = new Map(spellings.map((spelling) => [spelling.toLowerCase(), spelling]));
  return [...different.values()].map(containing);
}
