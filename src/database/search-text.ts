/** ILIKE patterns that search for literal text in plain text and in JSON text. */

/** A pattern for text that contains the words; escapes `%`, `_` and `\`. */
export function containing(words: string): string {
  return `%${words.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
}

function escapedCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Patterns for JSON text that contains the words in a string, in each spelling that JSON writers use: literal, ASCII
 * only (Python), or without `<`, `>` and `&` (Go). An escape has no case, so both cases of a letter are searched.
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
  // ILIKE ignores case, so literal spellings that differ only in case are duplicates.
  const different = new Map(spellings.map((spelling) => [spelling.toLowerCase(), spelling]));
  return [...different.values()].map(containing);
}
