/** Splits a text into pieces, each with one style and either marked or not. */
import type { TextStyle } from '../../../src/answers/logs.ts';

export interface TextPiece {
  readonly start: number;
  readonly text: string;
  readonly style: TextStyle | undefined;
  readonly isMarked: boolean;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function rangesOf(text: string, words: string): Range[] {
  if (words === '') return [];
  const escaped = words.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  // expression-exempt: the words are escaped, so it has no quantifier
  return Array.from(text.matchAll(new RegExp(escaped, 'gi')), ({ 0: match, index }) => ({
    start: index,
    end: index + match.length,
  }));
}

/**
 * @param styles in order, without overlaps; parts beyond the end of the text are ignored
 * @param words to mark, ignoring case; `''` for none
 */
export function textPieces(text: string, styles: readonly TextStyle[], words: string): TextPiece[] {
  const marks = rangesOf(text, words);
  const points = [...marks, ...styles].flatMap(({ start, end }) => [start, end]);
  const bounds = [...new Set([0, ...points, text.length])]
    .filter((point) => point <= text.length)
    .toSorted((one, other) => one - other);
  const pieces: TextPiece[] = [];
  let style = 0;
  let mark = 0;
  for (const [place, start] of bounds.slice(0, -1).entries()) {
    while ((styles[style]?.end ?? Infinity) <= start) style += 1;
    while ((marks[mark]?.end ?? Infinity) <= start) mark += 1;
    pieces.push({
      start,
      text: text.slice(start, bounds[place + 1]),
      style: (styles[style]?.start ?? Infinity) <= start ? styles[style] : undefined,
      isMarked: (marks[mark]?.start ?? Infinity) <= start,
    });
  }
  return pieces;
}
