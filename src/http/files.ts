/** Downloads by signed links, outside the API's base path and without a credential. */
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { ChelaError } from '../errors.ts';
import { formatTraits } from '../results/exports.ts';
import type { ApiApp, ApiContext } from './api-context.ts';
import { exportPath } from './v2/run-exports.ts';
import { logPath } from './v2/run-operations.ts';
import { whileClientWaits } from './waiting.ts';

/** Untyped, because an altered query must be reported as an invalid link, however it was altered. */
const SignedQuery = Type.Object({
  expires: Type.Optional(Type.Unknown()),
  signature: Type.Optional(Type.Unknown()),
});
const LogParams = Type.Object({ runId: Type.String() });
const ExportParams = Type.Object({ slug: Type.String(), fileName: Type.String() });

const retryAfterSeconds = 5;

function withDownloadHeaders(reply: FastifyReply, mediaType: string, disposition: string): FastifyReply {
  return reply
    .type(mediaType)
    .header('content-disposition', disposition)
    .header('x-content-type-options', 'nosniff')
    .header('cache-control', 'private, no-store');
}

/** The file's name in ASCII for all clients, and also in UTF-8 if it has other characters. */
function attachment(fileName: string): string {
  const ascii = fileName.replaceAll(/[^\x20-\x7e]|["\\]/g, '_');
  const extended = ascii === fileName ? '' : `; filename*=UTF-8''${encodeURIComponent(fileName)}`;
  return `attachment; filename="${ascii}"${extended}`;
}

export function addFiles(app: ApiApp, context: ApiContext): void {
  addLogFiles(app, context);
  addExportFiles(app, context);
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
      const content = await exports.content(found);
      return withDownloadHeaders(reply, formatTraits(found.format).mediaType, attachment(found.file_name))
        .header('content-length', found.size_bytes)
        .send(content);
    },
  );
}
