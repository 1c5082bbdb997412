/** Serves the documentation as Markdown, for programs and the console: guides, operations and their index. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { readApiDocument, type ApiDocument, type ServedDocument } from '../documentation/api-document.ts';
import { findInGuides, guideSections } from '../documentation/guide-search.ts';
import { listGuides, readGuide } from '../documentation/guides.ts';
import { englishLabels } from '../documentation/labels.ts';
import { llmsText } from '../documentation/llms-text.ts';
import { operationMarkdown } from '../documentation/operation-texts.ts';
import { ChelaError } from '../errors.ts';
import type { ApiApp, ApiContext } from './api-context.ts';

const GuideParams = Type.Object({ name: Type.String() });
const SearchQuery = Type.Object({ query: Type.String({ maxLength: 200 }) });
/** Maximum number of sections that a search answers. */
const shownMatches = 20;
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
  const readerOf = (request: FastifyRequest) => ({
    language: languageOf(request),
    origin: origin(request, context),
  });
  app.get('/docs/guides.json', { schema: { hide: true } }, async (request) => ({
    list: await listGuides(readerOf(request)),
  }));
  app.get('/docs/search.json', { schema: { hide: true, querystring: SearchQuery } }, async (request) => {
    const reader = readerOf(request);
    const guides = await listGuides(reader);
    const searched = guides.map(async ({ name, title }) => ({
      name,
      title,
      sections: guideSections((await readGuide(name, reader)) ?? ''),
    }));
    return { list: findInGuides(await Promise.all(searched), request.query.query, shownMatches) };
  });
  app.get(
    String.raw`/docs/:name(^[\w-]+).md`,
    { schema: { hide: true, params: GuideParams } },
    async (request, reply) => {
      const { name } = request.params;
      const text = await readGuide(name, readerOf(request));
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
      .send(
        llmsText(
          await listGuides({ origin: origin(request, context) }),
          document(),
          origin(request, context),
        ),
      ),
  );
}
