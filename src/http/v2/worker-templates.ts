/** Templates of workers and the files of the SDK. They are part of Chela, so anyone may read them. */
import type { FastifyReply } from 'fastify';
import { buffer } from 'node:stream/consumers';
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { WorkerTemplate, WorkerTemplateDetail } from '../../answers/worker-templates.ts';
import { ChelaError } from '../../errors.ts';
import { sdkLanguages, templateNames, type TemplateName } from '../../templates/template-names.ts';
import {
  sdkFiles,
  templateFiles,
  templates,
  templateTexts,
  type Template,
} from '../../templates/templates.ts';
import { zipFiles, type PackageFile } from '../../workers/workers.ts';
import type { ApiApp } from '../api-context.ts';
import { attachment } from '../content-disposition.ts';
import { success } from '../envelope.ts';
import { answeringContent, operation } from '../operation.ts';

const TemplateParams = Type.Object({
  template: enumeration(templateNames, { description: 'Language and kind.', examples: ['python-http'] }),
});
const SdkParams = Type.Object({ language: enumeration(sdkLanguages, { examples: ['python'] }) });

const zipAnswers: Record<number, unknown> = {
  200: {
    description: 'A zip',
    content: { 'application/zip': { schema: Type.String({ format: 'binary', description: 'A zip.' }) } },
  },
};

function templateOf(name: TemplateName): Template {
  const found = templates.find((template) => template.name === name);
  if (found === undefined) throw new ChelaError('NOT_FOUND', `there is no template ${name}`);
  return found;
}

async function answerZip(reply: FastifyReply, name: string, files: readonly PackageFile[]): Promise<unknown> {
  return reply
    .type('application/zip')
    .header('content-disposition', attachment(`${name}.zip`))
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'no-cache')
    .send(await buffer(zipFiles(files)));
}

export function addWorkerTemplateOperations(app: ApiApp): void {
  app.get(
    '/worker-templates',
    operation({
      id: 'listWorkerTemplates',
      tag: 'workers',
      summary: 'List worker templates',
      description: 'Extension: returns the templates from which a worker can be started.',
      public: true,
      data: Type.Object({ list: Type.Array(WorkerTemplate) }),
    }),
    (request) => success(request, { list: [...templates] }),
  );

  app.get(
    '/worker-templates/:template',
    operation({
      id: 'getWorkerTemplate',
      tag: 'workers',
      summary: 'Get worker template',
      description: 'Extension: returns a template with the contents of its files, including the SDK.',
      public: true,
      params: TemplateParams,
      data: WorkerTemplateDetail,
    }),
    async (request) => {
      const template = templateOf(request.params.template);
      return success(request, { ...template, files: await templateTexts(template) });
    },
  );

  addDownloads(app);
}

function addDownloads(app: ApiApp): void {
  const template = operation({
    id: 'downloadWorkerTemplate',
    tag: 'workers',
    summary: 'Download worker template',
    description:
      'Extension: returns a template with the SDK as a zip, which can be uploaded as it is or after changes.',
    public: true,
    params: TemplateParams,
  });
  app.get(
    '/worker-templates/:template/package',
    { config: template.config, schema: answeringContent(template.schema, zipAnswers) },
    async (request, reply) => {
      const { template: name } = request.params;
      return answerZip(reply, `worker-${name}`, await templateFiles(templateOf(name)));
    },
  );

  const sdk = operation({
    id: 'downloadWorkerSdk',
    tag: 'workers',
    summary: 'Download worker SDK',
    description: 'Extension: returns the SDK of a language as a zip. Unpack it beside main.js or main.py.',
    public: true,
    params: SdkParams,
  });
  app.get(
    '/worker-sdks/:language/package',
    { config: sdk.config, schema: answeringContent(sdk.schema, zipAnswers) },
    async (request, reply) => {
      const { language } = request.params;
      return answerZip(reply, `chela-sdk-${language}`, await sdkFiles(language));
    },
  );
}
