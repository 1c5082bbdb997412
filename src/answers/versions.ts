/** Versions of workers, their origin, and the installation of their dependencies. */
import { Type } from 'typebox';
import { installStatuses } from '../workers/install-statuses.ts';
import { languages } from '../workers/languages.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { exampleWorkerSlug } from './examples.ts';

/** A finding about a package, for its author. `field` is a path in a JSON file, such as `properties[2].default`. */
const Finding = Type.Object(
  {
    file: Type.String(),
    field: Type.Optional(Type.String()),
    message: Type.String(),
  },
  { title: 'PackageFinding', description: 'A finding about a package' },
);
export type Finding = Answer<typeof Finding>;

const warnings = Type.Array(Finding, {
  description: 'Problems worth fixing. They did not prevent the upload.',
});

const publishedFields = {
  slug: Type.String({ description: 'Identifier of the worker.', examples: [exampleWorkerSlug] }),
  path: Type.String({ examples: ['admin~my-worker'] }),
  version: Type.String({ examples: ['v1.0.1'] }),
  is_current: Type.Boolean({
    description:
      'Extension: whether runs that name no version use this one. A version with dependencies becomes current once they are installed.',
    examples: [true],
  }),
  warnings,
};

export const PublishedVersion = Type.Object(publishedFields, {
  title: 'PublishedVersion',
  description: 'A published version',
});
export type PublishedVersion = Answer<typeof PublishedVersion>;

/** The git repository and commit that a version comes from. */
const GitSource = Type.Object(
  {
    url: Type.String({
      description: 'URL without credentials.',
      examples: ['https://code.example/me/worker'],
    }),
    ref: Type.String({
      description: 'Ref as requested; empty means the default branch.',
      examples: ['main'],
    }),
    folder: Type.String({
      description: 'Folder within the repository; empty means the root.',
      examples: [''],
    }),
    commit: Type.String({ examples: ['9b0b5a1d3c7e2f4860917a5c6d8e9f0a1b2c3d4e'] }),
  },
  { title: 'GitSource', description: 'Origin of a version' },
);
export type GitSource = Answer<typeof GitSource>;

export const ImportedVersion = Type.Object(
  { ...publishedFields, git: GitSource },
  { title: 'ImportedVersion', description: 'A version published from git' },
);
export type ImportedVersion = Answer<typeof ImportedVersion>;

export const PulledVersion = Type.Object(
  {
    is_changed: Type.Boolean({ description: 'Whether a new version was published.', examples: [true] }),
    version: Type.String({
      description: 'The new version, or the newest existing one if nothing changed.',
      examples: ['v1.0.2'],
    }),
    git: GitSource,
    warnings,
  },
  { title: 'PulledVersion', description: 'Result of importing again' },
);
export type PulledVersion = Answer<typeof PulledVersion>;

const installFields = {
  status: enumeration(installStatuses, {
    description: 'none: nothing to install; waiting: waiting for a runner.',
    examples: ['installed'],
  }),
  err_msg: Type.String({
    description: 'Reason for the failure; empty if the installation did not fail.',
    examples: [''],
  }),
  runtime: Type.String({
    description:
      'Runtime and version that the latest runner chose for the version; empty before its first installation or run, and for Go.',
    examples: ['Node 22.18.0'],
  }),
  started_at: Type.Integer({ description: 'Unix seconds; 0 before the start.', examples: [1_782_091_200] }),
  finished_at: Type.Integer({ description: 'Unix seconds; 0 before the end.', examples: [1_782_091_210] }),
};

export const Installation = Type.Object(installFields, {
  title: 'Installation',
  description: "Latest installation of a version's dependencies",
});
export type Installation = Answer<typeof Installation>;

const versionFields = {
  version: Type.String({ examples: ['v1.0.1'] }),
  is_current: Type.Boolean({
    description: 'Whether runs that do not name a version use this one.',
    examples: [true],
  }),
  becomes_current: Type.Boolean({
    description: 'Whether it becomes the current version as soon as its dependencies are installed.',
    examples: [false],
  }),
  created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  description: Type.String({
    description: 'Subject of the git commit; empty for other uploads.',
    examples: [''],
  }),
  language: enumeration(languages, { examples: ['node'] }),
  entry: Type.String({ description: 'Entry file.', examples: ['main.js'] }),
  package_bytes: Type.Integer({ description: 'Size of the zip in bytes; 0 if not known.', examples: [4096] }),
  warnings,
  source: enumeration(['upload', 'editor', 'git'], {
    description: 'Where the package comes from. editor: from edited files.',
    examples: ['upload'],
  }),
  git: Type.Union([GitSource, Type.Null()], { description: 'null for other packages.' }),
  install: Installation,
};

export const WorkerVersion = Type.Object(versionFields, {
  title: 'WorkerVersion',
  description: 'A version of a worker',
});
export type WorkerVersion = Answer<typeof WorkerVersion>;

export const WorkerVersionDetail = Type.Object(
  {
    ...versionFields,
    readme: Type.String({ description: 'README.md of the package.' }),
    input_schema: Type.Unknown({ description: 'input_schema.json of the package.' }),
  },
  { title: 'WorkerVersionDetail', description: 'A version of a worker with its files' },
);
export type WorkerVersionDetail = Answer<typeof WorkerVersionDetail>;

export const InstallLog = Type.Object(
  {
    ...installFields,
    lines: Type.Array(
      Type.Object({
        number: Type.Integer({ description: 'Number of the line, starting at 1.', examples: [1] }),
        content: Type.String({ examples: ['added 12 packages in 2s'] }),
        timestamp: Type.Integer({ description: 'Unix milliseconds.', examples: [1_782_091_201_000] }),
      }),
      { description: 'Up to 1000 lines, oldest first.' },
    ),
    is_truncated: Type.Boolean({ description: 'Whether there were more lines than the limit keeps.' }),
  },
  { title: 'InstallLog', description: 'The log of an installation' },
);
export type InstallLog = Answer<typeof InstallLog>;
