import { expect, test } from 'vitest';
import { textPieces } from '../../console/src/components/text-pieces.ts';

function shown(...parameters: Parameters<typeof textPieces>): string {
  return textPieces(...parameters)
    .map(({ text, style, isMarked }) => `${style?.color ?? '-'}${isMarked ? '*' : ''}(${text})`)
    .join('');
}

test.each<[string, Parameters<typeof textPieces>, string]>([
  ['plain text', ['plain', [], ''], '-(plain)'],
  ['no text', ['', [], ''], ''],
  ['a color', ['INFO started', [{ start: 0, end: 4, color: 'green' }], ''], 'green(INFO)-( started)'],
  ['words, whatever their case', ['a Page, a page', [], 'page'], '-(a )-*(Page)-(, a )-*(page)'],
  [
    'words across colors',
    ['INFO started', [{ start: 0, end: 4, color: 'green' }], 'o s'],
    'green(INF)green*(O)-*( s)-(tarted)',
  ],
  ['signs that mean something in expressions', ['a.b*', [], 'b*'], '-(a.)-*(b*)'],
  ['a style beyond the end of a cut line', ['cut', [{ start: 2, end: 9, color: 'red' }], ''], '-(cu)red(t)'],
])('%s', (_, parameters, pieces) => {
  expect(shown(...parameters)).toBe(pieces);
});
