/** Workers and their descriptions. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';
import { exampleWorkerSlug } from './examples.ts';

export const Worker = Type.Object(
  {
    slug: Type.String({
      description: 'Identifier of the worker; usable as workerId.',
      examples: [exampleWorkerSlug],
    }),
    name: Type.String({ description: 'Name, unique within the owner account.', examples: ['hello'] }),
    username: Type.String({ description: 'Owner.', examples: ['chela'] }),
    path: Type.String({ description: 'owner~name; usable as workerId.', examples: ['chela~hello'] }),
    title: Type.String({ examples: ['Hello'] }),
    description: Type.String({ examples: ['Greets everybody on a list.'] }),
    categories: Type.Integer({ description: 'Extension: category; 0 means none.', examples: [0] }),
    version: Type.String({ description: 'Extension: current version.', examples: ['v1.0.1'] }),
    is_public: Type.Boolean({
      description: 'Extension: whether the worker is listed in the store.',
      examples: [true],
    }),
    icon_url: Type.String({
      description: 'Extension: path of the icon; empty if there is none.',
      examples: [''],
    }),
  },
  { title: 'Worker', description: 'A worker in a list' },
);
export type Worker = Answer<typeof Worker>;

/** The same list under two names, because published clients read one or the other. */
export const WorkerPage = Type.Object({
  scraper: Type.Array(Worker),
  count: Type.Integer({ description: 'Workers on all pages.', examples: [1] }),
  list: Type.Array(Worker, { description: 'Same as scraper.' }),
  page_index: Type.Integer({ examples: [1] }),
  page_size: Type.Integer({ examples: [20] }),
});
export type WorkerPage = Answer<typeof WorkerPage>;

export const WorkerDetail = Type.Object(
  {
    name: Type.String({ examples: ['hello'] }),
    username: Type.String({ description: 'Owner.', examples: ['chela'] }),
    version: Type.String({ description: 'Current version.', examples: ['v1.0.1'] }),
    readme: Type.String({ description: 'README.md of the package.' }),
    parameters: Type.Object({
      system: Type.Object(
        {
          cpus: Type.Number({ examples: [1] }),
          memory: Type.Integer({ description: 'MiB.', examples: [2048] }),
          execute_limit_time_seconds: Type.Integer({ examples: [1800] }),
          max_total_charge: Type.Number({ description: '0 means unlimited.', examples: [0] }),
          max_total_traffic: Type.Integer({ description: 'Bytes; 0 means unlimited.', examples: [0] }),
          proxy_region: Type.String({ examples: [''] }),
        },
        { description: 'Default limits of a run.' },
      ),
      custom: Type.Unknown({ description: 'input_schema.json of the package.' }),
    }),
  },
  { title: 'WorkerDetail', description: 'A worker' },
);
export type WorkerDetail = Answer<typeof WorkerDetail>;

export const WorkerDescription = Type.Object(
  {
    slug: Type.String({ description: 'Identifier of the worker.', examples: ['01KKDXTQ8S5W1C9J4Y6M3B7A0E'] }),
    path: Type.String({ description: 'owner~name', examples: ['chela~hello'] }),
    title: Type.String({ examples: ['Hello'] }),
    description: Type.String({ examples: ['Greets everybody on a list.'] }),
    categories: Type.Integer({ description: 'Category; 0 means none.', examples: [0] }),
    version: Type.String({ description: 'Current version.', examples: ['v1.0.1'] }),
    is_public: Type.Boolean({ description: 'Whether the worker is listed in the store.', examples: [true] }),
    icon_url: Type.String({ description: 'Path of the icon; empty if there is none.', examples: [''] }),
    created_at: Type.Integer({ description: 'Unix seconds.', examples: [1_782_091_200] }),
  },
  { title: 'WorkerDescription', description: 'Description of a worker' },
);
export type WorkerDescription = Answer<typeof WorkerDescription>;

export const WorkerInputSchema = Type.Object({ input_schema: Type.Unknown({ description: 'The file.' }) });
