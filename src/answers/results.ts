/** Rows of a run, and exports of them. */
import { Type } from 'typebox';
import { exportFormatNames } from '../results/export-formats.ts';
import { exportStates } from '../results/export-states.ts';
import { dataIdKey, type ResultRow } from '../results/result-row.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { exampleRunSlug } from './examples.ts';

const RowShape = Type.Object(
  {
    [dataIdKey]: Type.String({
      description: 'Permanent id of the row.',
      examples: [`${exampleRunSlug}-1`],
    }),
  },
  {
    title: 'ResultRow',
    description: 'A row: the keys that the worker pushed, and the id of the row.',
    additionalProperties: true,
  },
);

/** Rows are serialized as they are, in the order of their keys; the document describes them. */
export const Row = Type.Unsafe<ResultRow>({ 'x-documented-as': RowShape });

const progressFields = {
  searched: Type.Integer({
    description: 'Extension: rows searched so far. Repeat the request to continue the search.',
    examples: [20_000],
  }),
  total: Type.Integer({ description: 'Extension: rows of the run.', examples: [20_000] }),
  is_complete: Type.Boolean({
    description:
      'Extension: whether all rows were searched, so that count is final. Sorted rows are listed only then.',
  }),
};

export const ResultPage = Type.Object(
  {
    count: Type.Integer({ description: 'Rows of the run so far.', examples: [1] }),
    headers: Type.Array(
      Type.Object(
        {
          key: Type.String({ description: 'Key in the rows.', examples: ['title'] }),
          label: Type.String({ description: 'Heading to show.', examples: ['Title'] }),
          format: Type.String({
            description:
              'text, number, integer, boolean, array, object, or another value declared by the worker.',
            examples: ['text'],
          }),
        },
        { title: 'ResultHeader', description: 'A column of the results' },
      ),
      {
        description:
          'All columns: the declared ones first, then the other keys of the rows in the order of first arrival.',
      },
    ),
    list: Type.Array(Row, {
      description: 'Rows: objects, each with the string __coreclaw_data_id__.',
      examples: [[{ title: 'Example', [dataIdKey]: `${exampleRunSlug}-1` }]],
    }),
    page_index: Type.Integer({ description: 'Number of this page, from 1.', examples: [1] }),
    page_size: Type.Integer({ description: 'Rows on a full page.', examples: [20] }),
  },
  { title: 'ResultPage', description: 'A page of results' },
);
export type ResultPage = Answer<typeof ResultPage>;
export type ResultHeader = ResultPage['headers'][number];

export const FoundRows = Type.Object(
  {
    ...ResultPage.properties,
    count: Type.Integer({ description: 'Selected rows among those searched so far.', examples: [1] }),
    place: Type.Optional(
      Type.Integer({
        description:
          'Place of the row place_of among the selected ones, from 1. Absent if it is not among those found so far.',
        examples: [2],
      }),
    ),
    ...progressFields,
  },
  { title: 'FoundRows', description: 'A page of selected rows' },
);
export type FoundRows = Answer<typeof FoundRows>;

/** The answer of the list of results: with search, filter or sort it also says how far the search has got. */
export const ListedRows = Type.Object(
  {
    ...ResultPage.properties,
    count: Type.Integer({
      description: 'Rows of the run so far. With search or filter, the selected ones among those searched.',
      examples: [1],
    }),
    searched: Type.Optional(progressFields.searched),
    total: Type.Optional(progressFields.total),
    is_complete: Type.Optional(progressFields.is_complete),
  },
  { title: 'ListedRows', description: 'A page of the rows of a run' },
);

const exportFields = {
  download_url: Type.String({
    description: 'Signed link to the file. It needs no credentials, and expires.',
    examples: [
      'https://chela.example.com/files/exports/01KKDXV9C3V0X3M5B1QH0T7D2E/hello-01KKDXV2G26BT7NH4ZQR2R4NPZ.csv?expires=1782177600&signature=Zk3vJ8s0yq1m2n4p5r6t7u8v9w0x1y2z3A4B5C6D7E8',
    ],
  }),
  export_slug: Type.String({
    description: 'Extension: identifier of the export, for checking its progress.',
    examples: ['01KKDXV9C3V0X3M5B1QH0T7D2E'],
  }),
  has_all_columns: Type.Boolean({
    description:
      'Extension: false if the rows have more keys than the limit of 100,000 columns, so that the file lacks some; filter_keys can name them.',
    examples: [true],
  }),
};

export const Export = Type.Object(exportFields, { description: 'An export' });
export type Export = Answer<typeof Export>;

export const ExportProgress = Type.Object(
  {
    ...exportFields,
    format: enumeration(exportFormatNames, { examples: ['csv'] }),
    state: enumeration(exportStates, {
      description: 'queued: the file is waiting or being created.',
      examples: ['queued'],
    }),
    rows: Type.Integer({ description: 'Rows of the file.', examples: [1_000_000] }),
    rows_done: Type.Integer({
      description: 'Rows read so far, updated a few times a second.',
      examples: [250_000],
    }),
    size_bytes: Type.Integer({ description: 'Size of the file; 0 until it is ready.', examples: [0] }),
    err_msg: Type.String({
      description: 'Reason for the failure; empty if the export did not fail.',
      examples: [''],
    }),
  },
  { title: 'ExportProgress', description: 'Progress of an export' },
);
export type ExportProgress = Answer<typeof ExportProgress>;
