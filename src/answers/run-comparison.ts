/** The rows of two runs, compared. */
import { Type } from 'typebox';
import { dataIdKey } from '../results/result-row.ts';
import { rowChanges } from '../results/row-changes.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { exampleRunSlug } from './examples.ts';
import { Row } from './results.ts';

const side = (description: string) =>
  Type.Object(
    {
      rows: Type.Integer({ description: 'Rows of the run.', examples: [2] }),
      compared: Type.Integer({
        description:
          'Rows that were compared, from the first one. Fewer than rows if the run has more than the limit.',
        examples: [2],
      }),
      without_key: Type.Integer({
        description: 'Compared rows without a value in the column. They belong to no pair.',
        examples: [0],
      }),
      repeated: Type.Integer({
        description:
          'Compared rows whose value an earlier row has too. The second is compared with the second, and so on.',
        examples: [0],
      }),
    },
    { description },
  );

const pairs = (description: string) => Type.Integer({ description, examples: [1] });

export const RunComparison = Type.Object(
  {
    key: Type.String({ description: 'The column by which rows were compared.', examples: ['url'] }),
    run: side('The run.'),
    other: side('The run that it was compared with.'),
    added: pairs('Rows that only the run has.'),
    removed: pairs('Rows that only the other run has.'),
    changed: pairs('Pairs of rows that differ.'),
    unchanged: pairs('Pairs of rows with the same content.'),
    count: pairs('Entries with the requested changes.'),
    list: Type.Array(
      Type.Object({
        change: enumeration(rowChanges, { examples: ['changed'] }),
        row: Type.Optional(Row),
        other_row: Type.Optional(Row),
        changed_columns: Type.Array(Type.String(), {
          description: 'Keys in which the two rows differ; empty unless the change is changed.',
          examples: [['price']],
        }),
      }),
      {
        description:
          'By their place in the run, or in the other one. Long texts are cut, as with text_limit.',
        examples: [
          [
            {
              change: 'changed',
              row: { url: 'https://a.example/', price: 12, [dataIdKey]: `${exampleRunSlug}-1` },
              other_row: {
                url: 'https://a.example/',
                price: 10,
                [dataIdKey]: '01KKDXTQ8S5W1C9J4Y6M3B7A0E-1',
              },
              changed_columns: ['price'],
            },
          ],
        ],
      },
    ),
    page_index: Type.Integer({ description: 'Number of this page, from 1.', examples: [1] }),
    page_size: Type.Integer({ description: 'Entries on a full page.', examples: [20] }),
  },
  { title: 'RunComparison', description: 'The rows of two runs, compared' },
);
export type RunComparison = Answer<typeof RunComparison>;
export type ComparedRows = RunComparison['list'][number];
