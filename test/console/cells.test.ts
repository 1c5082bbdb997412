import { describe, expect, test } from 'vitest';
import { readCells, writeCells } from '../../console/src/pages/workers/form/cells.ts';

describe('spreadsheet cells', () => {
  test.each<[string, string, string[][]]>([
    ['one cell', 'a', [['a']]],
    ['nothing', '', [['']]],
    [
      'rows and columns',
      'a\tb\r\nc\td\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'empty cells',
      '\t\n\t',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['line breaks in quotes', '"a\nb"\tc', [['a\nb', 'c']]],
    ['quotes in quotes', '"say ""hi"""\tx', [['say "hi"', 'x']]],
    ['literal quotes', '"exact words"\nb', [['"exact words"'], ['b']]],
    ['quotes that never end', '"a\nb', [['"a'], ['b']]],
    ['quotes in the middle', 'a "b" c\t"d" e', [['a "b" c', '"d" e']]],
    ['carriage returns as line breaks', 'a\rb', [['a'], ['b']]],
  ])('are parsed: %s', (_case, text, cells) => {
    expect(readCells(text)).toEqual(cells);
  });

  test('survive a round trip', () => {
    const alphabet = ['a', '"', '""', '\t', '\n', '\r\n', ' ', 'é', ''];
    const cells = Array.from({ length: 300 }, (_row, row) =>
      Array.from({ length: 3 }, (_cell, cell) =>
        Array.from(
          { length: 4 },
          (_part, part) => alphabet[(row * 7 + cell * 5 + part * (row + 3)) % 9],
        ).join(''),
      ),
    );
    expect(readCells(writeCells(cells))).toEqual(cells);
  });
});
