/** The guides: pages of `docs/` for users of an installation, in reading order. */

/** Names of the pages (files without `.md`), grouped by purpose. */
export const guideGroups = {
  start: ['quick-start', 'run-lifecycle', 'console'],
  use: [
    'using-the-api',
    'errors',
    'callbacks',
    'exports',
    'files',
    'stores',
    'schedules',
    'run-queue',
    'accounts',
  ],
  write: ['workers', 'schemas', 'sdk', 'proxy', 'browsers', 'limits'],
  operate: ['deployment', 'self-hosting', 'backup', 'security', 'operating', 'sandboxes', 'configuration'],
  inside: ['architecture', 'decisions', 'benchmarks', 'chaos'],
} as const satisfies Record<string, readonly string[]>;

export type GuideGroup = keyof typeof guideGroups;

export interface Guide {
  readonly name: string;
  readonly group: GuideGroup;
  readonly title: string;
  /** First sentence of the page. */
  readonly summary: string;
  /** Whether it is in the reader's language. The others are in English. */
  readonly isTranslated: boolean;
}
