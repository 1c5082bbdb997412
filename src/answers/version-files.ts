/** The files of a version, and what changed between two versions. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

export const VersionFileList = Type.Object(
  {
    count: Type.Integer({ description: 'Files of the package.', examples: [9] }),
    list: Type.Array(
      Type.Object({
        path: Type.String({ description: 'Path within the package.', examples: ['main.py'] }),
        bytes: Type.Integer({ examples: [512] }),
        is_executable: Type.Boolean({ examples: [false] }),
      }),
      { description: 'Up to 5000 files, sorted by path.' },
    ),
    version: Type.String({ examples: ['v1.0.1'] }),
    newest_version: Type.String({
      description: 'Newest version of the worker, current or not; send it with changes of the files.',
      examples: ['v1.0.2'],
    }),
    package_hash: Type.String({
      description: 'Identifies the content of the package; send it with changes of the files.',
      examples: ['c4c6e0b0a53d5a1c6f5d4e8b1f0b8f6a1e2d3c4b5a69788796a5b4c3d2e1f001'],
    }),
  },
  { title: 'VersionFileList', description: 'The files of a version' },
);
export type VersionFileList = Answer<typeof VersionFileList>;

export const VersionFile = Type.Object(
  {
    path: Type.String({ examples: ['main.py'] }),
    bytes: Type.Integer({ examples: [512] }),
    is_text: Type.Boolean({
      description: 'Whether the file is UTF-8 text without the character U+0000.',
      examples: [true],
    }),
    content: Type.String({
      description: 'Up to 1 MiB of the text, including a byte order mark; empty if it is not text.',
      examples: ['import sdk\n'],
    }),
    is_truncated: Type.Boolean({ description: 'Whether the text is longer.', examples: [false] }),
  },
  { title: 'VersionFile', description: 'A file of a version' },
);
export type VersionFile = Answer<typeof VersionFile>;

const fileChanges = ['added', 'removed', 'changed'] as const;

const ChangedEntry = Type.Object(
  {
    name: Type.String({ examples: ['requests'] }),
    change: enumeration(fileChanges, { examples: ['changed'] }),
    before: Type.String({ description: 'Empty if it was added.', examples: ['>=2.31'] }),
    after: Type.String({ description: 'Empty if it was removed.', examples: ['>=2.32'] }),
  },
  { title: 'ChangedEntry', description: 'A dependency or an input field that changed' },
);
export type ChangedEntry = Answer<typeof ChangedEntry>;

export const VersionChanges = Type.Object(
  {
    base: Type.String({ description: 'The version before.', examples: ['v1.0.1'] }),
    version: Type.String({ description: 'The version after.', examples: ['v1.0.2'] }),
    count: Type.Integer({ description: 'Files that were added, removed or changed.', examples: [1] }),
    files: Type.Array(
      Type.Object({
        path: Type.String({ examples: ['main.py'] }),
        change: enumeration(fileChanges, { examples: ['changed'] }),
        before_bytes: Type.Integer({ description: '0 if it was added.', examples: [500] }),
        after_bytes: Type.Integer({ description: '0 if it was removed.', examples: [512] }),
      }),
      { description: 'Up to 5000 files, sorted by path.' },
    ),
    dependencies: Type.Array(ChangedEntry, {
      description: 'Dependencies in package.json or requirements.txt, with their version ranges.',
    }),
    input_fields: Type.Array(ChangedEntry, {
      description: 'Properties of input_schema.json, each as JSON text.',
    }),
  },
  { title: 'VersionChanges', description: 'What changed between two versions' },
);
export type VersionChanges = Answer<typeof VersionChanges>;
