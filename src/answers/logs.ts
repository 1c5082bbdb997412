/** Lines of a log. */
import { Type } from 'typebox';
import type { LogType } from '../logs/log-line.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { lineSources } from '../logs/log-line.ts';
import { terminalColors } from '../logs/terminal-colors.ts';

const logType = Type.Unsafe<LogType>(
  Type.Integer({ description: '1 debug, 2 info, 3 warn, 4 error.', examples: [2] }),
);

const source = enumeration(lineSources, {
  description:
    'Extension: who wrote the line. Lines of the platform start with SYSTEM:, but a worker can print such lines too.',
});

export const RunLog = Type.Object(
  {
    all_logs_url: Type.String({
      description: 'Signed link to the complete log as text. It needs no credentials.',
    }),
    list: Type.Array(
      Type.Object({
        type: logType,
        group: Type.String({ description: 'Number of the subtask; 0 for the whole run.', examples: ['1'] }),
        content: Type.String({ examples: ['page 1 of 3'] }),
        timestamp: Type.Integer({ description: 'Unix milliseconds.', examples: [1_782_091_201_000] }),
        source,
      }),
      { description: 'The newest lines, oldest first.' },
    ),
    result_count: Type.Integer({ description: 'Rows of the run so far.', examples: [3] }),
  },
  { title: 'RunLog', description: 'The log of a run' },
);
export type RunLog = Answer<typeof RunLog>;

const searchFields = {
  count: Type.Integer({ description: 'Matching lines among those searched so far.', examples: [20] }),
  searched: Type.Integer({
    description: 'Lines searched so far. Repeat the request to continue the search.',
    examples: [1_000_000],
  }),
  is_complete: Type.Boolean({ description: 'Whether all lines were searched, so that count is final.' }),
  lines: Type.Object(
    {
      debug: Type.Integer({ examples: [12] }),
      info: Type.Integer({ examples: [120] }),
      warn: Type.Integer({ examples: [3] }),
      error: Type.Integer({ examples: [1] }),
    },
    { title: 'LogLineCounts', description: 'Number of lines of the whole run by level.' },
  ),
};

const terminalColor = Type.Optional(enumeration(terminalColors, {}));
const isSet = Type.Optional(Type.Literal(true));

const TextStyle = Type.Object(
  {
    start: Type.Integer({
      description: 'Index of the first character, in UTF-16 code units.',
      examples: [0],
    }),
    end: Type.Integer({ description: 'Index after the last character.', examples: [4] }),
    color: terminalColor,
    background: terminalColor,
    bold: isSet,
    dim: isSet,
    italic: isSet,
    underline: isSet,
  },
  { title: 'TextStyle', description: 'The style of a part of a text' },
);
export type TextStyle = Answer<typeof TextStyle>;

export const LogLineList = Type.Object(
  {
    ...searchFields,
    position: Type.Integer({ description: 'Position of the first line in the list.', examples: [1] }),
    list: Type.Array(
      Type.Object({
        number: Type.Integer({ description: 'Number within the run, from 1.', examples: [1] }),
        type: logType,
        group: Type.String({ description: 'Number of the subtask; 0 for the whole run.', examples: ['1'] }),
        content: Type.String({ description: 'The first 16,384 characters.', examples: ['page 1 of 3'] }),
        is_cut: Type.Boolean({ description: 'Whether the line is longer than content.' }),
        timestamp: Type.Integer({ description: 'Unix milliseconds.', examples: [1_782_091_201_000] }),
        source,
        styles: Type.Array(TextStyle, {
          description:
            'The colors that the worker printed, by parts of content. Parts without a color are not listed.',
        }),
      }),
      { description: 'Oldest first.' },
    ),
  },
  { title: 'LogLineList', description: 'A window of a log' },
);
export type LogLineList = Answer<typeof LogLineList>;
export type LogLine = LogLineList['list'][number];
export type LogCounts = LogLineList['lines'];

export const LogMatchList = Type.Object(
  {
    ...searchFields,
    first: Type.Integer({ description: 'Number of the first match in the list.', examples: [1] }),
    list: Type.Array(
      Type.Object({
        number: Type.Integer({
          description: 'Number of the line within the run, from 1.',
          examples: [50_000],
        }),
        position: Type.Integer({
          description: 'Position among the lines of these levels and this subtask, from 1.',
          examples: [50_000],
        }),
      }),
    ),
  },
  { title: 'LogMatchList', description: 'Matches of a search in a log' },
);
export type LogMatchList = Answer<typeof LogMatchList>;
