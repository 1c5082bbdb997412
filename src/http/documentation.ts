/** Serves the documentation as Markdown, for programs and the console: guides, operations and their index. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { readApiDocument, type ApiDocument, type ServedDocument } from '../documentation/api-document.ts';
import { listGuides, readGuide } from '../documentation/guides.ts';
import { englishLabels } from '../documentation/labels.ts';
import { llmsText } from '../documentation/llms-text.ts';
import { operationMarkdown } from '../documentation/operation-texts.ts';
import { ChelaError } from '../errors.ts';
import type { ApiApp, ApiContext } from './api-context.ts';

const GuideParams = Type.Object({ name: Type.String() });
const OperationParams = Type.Object({ operationId: Type.String() });

function markdown(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/markdown; charset=utf-8')
    .header('cache-control', 'no-cache')
    .header('x-content-type-options', 'nosniff');
}

function languageOf({ query }: FastifyRequest): string {
  const { language } = query as { language?: unknown };
  return typeof language === 'string' ? language : 'en';
}

function origin(request: FastifyRequest, { baseUrl }: ApiContext): string {
  return baseUrl(request).replace(/\/$/, '');
}

/** @param openApiDocument returns the served document */
export function addDocumentation(app: ApiApp, context: ApiContext, openApiDocument: () => unknown): void {
  let readable: ApiDocument | undefined;
  const document = (): ApiDocument => (readable ??= readApiDocument(openApiDocument() as ServedDocument));
  app.get('/docs/guides.json', { schema: { hide: true } }, async (request) => ({
    list: await listGuides(languageOf(request)),
  }));
  app.get(
    String.raw`/docs/:name(^[\w-]+).md`,
    { schema: { hide: true, params: GuideParams } },
    async (request, reply) => {
      const { name } = request.params;
      const text = await readGuide(name, languageOf(request));
      if (text === undefined) throw new ChelaError('NOT_FOUND', `guide ${name} does not exist`);
      return markdown(reply).send(text);
    },
  );
  app.get(
    String.raw`/docs/api/:operationId(^\w+).md`,
    { schema: { hide: true, params: OperationParams } },
    (request, reply) => {
      const { operationId } = request.params;
      const operation = document().operations.find((candidate) => candidate.operationId === operationId);
      if (operation === undefined)
        throw new ChelaError('NOT_FOUND', `operation ${operationId} does not exist`);
      return markdown(reply).send(
        operationMarkdown(operation, document(), origin(request, context), englishLabels),
      );
    },
  );
  app.get('/llms.txt', { schema: { hide: true } }, async (request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(llmsText(await listGuides(), document(), origin(request, context))),
  );
}
