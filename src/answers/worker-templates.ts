/** Templates of workers. */
import { Type } from 'typebox';
import { templateKinds, templateLanguages, templateNames } from '../templates/template-names.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

const templateFields = {
  name: enumeration(templateNames, { examples: ['python-http'] }),
  language: enumeration(templateLanguages, { examples: ['python'] }),
  kind: enumeration(templateKinds, {
    description: 'plain: input and results only; http: reads pages through the proxy; browser: opens pages.',
    examples: ['http'],
  }),
  title: Type.String({ examples: ['Python, HTTP'] }),
  description: Type.String({ examples: ["Reads pages through the run's proxy."] }),
};

export const WorkerTemplate = Type.Object(templateFields, {
  title: 'WorkerTemplate',
  description: 'A template of a worker',
});
export type WorkerTemplate = Answer<typeof WorkerTemplate>;

export const WorkerTemplateDetail = Type.Object(
  {
    ...templateFields,
    files: Type.Array(
      Type.Object({
        path: Type.String({ description: 'Path within the package.', examples: ['main.py'] }),
        content: Type.String({ examples: ['import sdk\n'] }),
      }),
      { description: 'Its files with those of the SDK, sorted by path.' },
    ),
  },
  { title: 'WorkerTemplateDetail', description: 'A template of a worker with its files' },
);
export type WorkerTemplateDetail = Answer<typeof WorkerTemplateDetail>;
