/** Downloads by signed links, outside the API's base path and without a credential. */
import type { FastifyReply } from 'fastify';
import { buffer } from 'node:stream/consumers';
import { Type } from 'typebox';
import { ChelaError } from '../errors.ts';
import { formatTraits } from '../results/exports.ts';
import type { ApiApp, ApiContext } from './api-context.ts';
import { attachment } from './content-disposition.ts';
import { directLinkSeconds, sendFile } from './file-download.ts';
import { exportPath } from './v2/run-exports.ts';
import { filePath } from './v2/run-files.ts';
import { logPath } from './v2/run-operations.ts';
import { whileClientWaits } from './waiting.ts';

/** Untyped, because an altered query must be reported as an invalid link, however it was altered. */
const SignedQuery = Type.Object({
  expires: Type.Optional(Type.Unknown()),
  signature: Type.Optional(Type.Unknown()),
});
const LogParams = Type.Object({ runId: Type.String() });
const FileParams = Type.Object({ runId: Type.String(), fileId: Type.String() });
const ExportParams = Type.Object({ slug: Type.String(), fileName: Type.String() });

const retryAfterSeconds = 5;
/** Files below are sent in one piece, so that the answer knows its length when it decides about compression. */
const smallBytes = 64 * 1024;

function withDownloadHeaders(reply: FastifyReply, mediaType: string, disposition: string): FastifyReply {
  return reply
    .type(mediaType)
    .header('content-disposition', disposition)
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'private, no-store');
}

export function addFiles(app: ApiApp, context: ApiContext): void {
  addLogFiles(app, context);
  addExportFiles(app, context);
  addRunFiles(app, context);
}

function addLogFiles(app: ApiApp, { links, runs, logs }: ApiContext): void {
  app.get(
    '/files/runs/:runId/log.txt',
    { schema: { hide: true, params: LogParams, querystring: SignedQuery } },
    async (request, reply) => {
      const { runId } = request.params;
      links.verify(logPath({ slug: runId }), request.query);
      const run = await runs.read.bySlugOfAnyAccount(runId);
      if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${runId} was deleted`);
      const disposition = `inline; filename="${runId}.log.txt"`;
      return withDownloadHeaders(reply, 'text/plain; charset=utf-8', disposition).send(logs.text(run));
    },
  );
}

function addExportFiles(app: ApiApp, { links, exports, config, closing }: ApiContext): void {
  app.get(
    '/files/exports/:slug/:fileName',
    { schema: { hide: true, params: ExportParams, querystring: SignedQuery } },
    async (request, reply) => {
      const { slug, fileName } = request.params;
      links.verify(exportPath({ slug, file_name: fileName }), request.query);
      const found = await whileClientWaits(request, closing, (signal) =>
        exports.wait(slug, config.exportWaitSeconds * 1000, signal),
      );
      if (found.state !== 'ready' || found.size_bytes === null) {
        void reply.header('retry-after', retryAfterSeconds);
        throw new ChelaError('NOT_READY', 'this export is not ready yet: retry the link in a few seconds');
      }
      const { mediaType } = formatTraits(found.format);
      const disposition = attachment(found.file_name);
      const link = await exports.link(found, { lifetimeSeconds: directLinkSeconds, mediaType, disposition });
      if (link !== undefined) return reply.header('cache-control', 'no-store').redirect(link);
      const stream = await exports.content(found);
      const content = found.size_bytes < smallBytes ? await buffer(stream) : stream;
      return withDownloadHeaders(reply, mediaType, disposition)
        .header('content-length', found.size_bytes)
        .send(content);
    },
  );
}

function addRunFiles(app: ApiApp, { links, files }: ApiContext): void {
  app.get(
    '/files/runs/:runId/files/:fileId',
    { compress: false, schema: { hide: true, params: FileParams, querystring: SignedQuery } },
    async (request, reply) => {
      const { runId, fileId } = request.params;
      links.verify(filePath({ slug: runId }, { slug: fileId }), request.query);
      const file = await files.bySlug(fileId);
      if (file === undefined)
        throw new ChelaError(
          'NOT_FOUND',
          'this file was replaced or deleted: list the files of the run again',
        );
      return sendFile(request, reply, files, file);
    },
  );
}
