/** Files of a run. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';
import { exampleRunSlug } from './examples.ts';
import { pagedSchema } from './pages.ts';

export const RunFile = Type.Object({
  name: Type.String({
    description: 'Name that the worker chose; / separates folders.',
    examples: ['pages/1.png'],
  }),
  size_bytes: Type.Integer({ description: 'Size in bytes.', examples: [48_213] }),
  content_type: Type.String({
    description: 'Media type: what the worker said, otherwise by the ending of the name.',
    examples: ['image/png'],
  }),
  sha256: Type.String({
    description: 'SHA-256 of the content, in hexadecimal.',
    examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  }),
  subtask: Type.Integer({ description: 'Number of the subtask that put the file.', examples: [1] }),
  kept_at: Type.Integer({
    description: 'When the file was complete, in Unix seconds.',
    examples: [1_782_091_200],
  }),
  download_url: Type.String({
    description:
      'Signed link to this content. It needs no credentials, and expires. It is not found once the file is replaced or deleted.',
    examples: [
      `https://chela.example.com/files/runs/${exampleRunSlug}/files/01KKDXV9C3V0X3M5B1QH0T7D2E?expires=1782177600&signature=Zk3vJ8s0yq1m2n4p5r6t7u8v9w0x1y2z3A4B5C6D7E8`,
    ],
  }),
});
export type RunFile = Answer<typeof RunFile>;

export const RunFileList = Type.Object(
  {
    ...pagedSchema(RunFile).properties,
    size_bytes: Type.Integer({
      description: 'Size of the files on all pages, in bytes.',
      examples: [48_213],
    }),
  },
  { title: 'RunFileList', description: 'Files of a run' },
);
export type RunFileList = Answer<typeof RunFileList>;
