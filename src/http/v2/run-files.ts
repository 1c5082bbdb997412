/** The files that a run keeps. Extensions of the published API. */
import { Type } from 'typebox';
import { RunFileList, type RunFile } from '../../answers/files.ts';
import { fileNameLimitBytes, type FileRecord } from '../../files/files.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { actorOf } from '../authentication.ts';
import { success } from '../envelope.ts';
import { sendFile } from '../file-download.ts';
import { answeringContent, operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { pageOf, PageQuery, paged, unixSeconds } from './shapes.ts';

const ListQuery = Type.Object({
  ...PageQuery.properties,
  prefix: Type.Optional(
    Type.String({
      description: 'Only files whose names start with this text, such as a folder.',
      maxLength: fileNameLimitBytes,
      examples: ['pages/'],
    }),
  ),
});

const NameQuery = Type.Object({
  name: Type.String({
    description: 'Name of the file.',
    minLength: 1,
    maxLength: fileNameLimitBytes,
    examples: ['pages/1.png'],
  }),
});

const binary = Type.String({ format: 'binary', description: 'The content of the file.' });
const contentAnswers: Record<number, unknown> = {
  200: { description: 'The file', content: { '*/*': { schema: binary } } },
  206: { description: 'The requested part of the file', content: { '*/*': { schema: binary } } },
  304: Type.Null({ description: 'The file has the ETag in If-None-Match.' }),
};

/** Download path of a file's content. */
export function filePath(run: { slug: string }, file: { slug: string }): string {
  return `/files/runs/${run.slug}/files/${file.slug}`;
}

export function addRunFileOperations(app: ApiApp, context: ApiContext): void {
  const { files, links, accounts } = context;
  for (const scope of runScopes(context)) {
    const { params } = scope;
    app.get(
      `${scope.url}/files`,
      operation({
        id: `list${scope.noun}Files`,
        tag: 'files',
        summary: `List ${scope.phrase} files`,
        description: `Returns the files that the workers of a run kept, by name. An extension of the published API. ${scope.note}`,
        params,
        querystring: ListQuery,
        data: RunFileList,
      }),
      async (request) => {
        const run = await scope.find(request);
        const page = pageOf(request.query);
        const baseUrl = context.baseUrl(request);
        const shape = (file: FileRecord): RunFile => ({
          name: file.name,
          size_bytes: file.size_bytes,
          content_type: file.media_type,
          sha256: file.sha256.toString('hex'),
          subtask: file.subtask,
          kept_at: unixSeconds(file.kept_at),
          download_url: links.sign(baseUrl, filePath(run, file)),
        });
        const { count, sizeBytes, list } = await files.page(run, request.query.prefix ?? '', page);
        return success(request, { ...paged({ count, list: list.map(shape) }, page), size_bytes: sizeBytes });
      },
    );
    const { schema, config } = operation({
      id: `get${scope.noun}File`,
      tag: 'files',
      summary: `Get ${scope.phrase} file`,
      description: `Returns the content of a file, or the part in the Range header. An extension of the published API. ${scope.note}`,
      params,
      querystring: NameQuery,
      errors: ['RANGE_NOT_SATISFIABLE'],
    });
    app.get(
      `${scope.url}/file`,
      { compress: false, config, schema: answeringContent(schema, contentAnswers) },
      async (request, reply) => {
        const run = await scope.find(request);
        return sendFile(request, reply, files, await files.get(run, request.query.name));
      },
    );
    app.delete(
      `${scope.url}/file`,
      operation({
        id: `delete${scope.noun}File`,
        tag: 'files',
        summary: `Delete ${scope.phrase} file`,
        description: `Deletes a file of a run. An extension of the published API. ${scope.note}`,
        params,
        querystring: NameQuery,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { name } = request.query;
        await files.delete(run, name);
        await accounts.audit.record(actorOf(request), {
          action: 'file.deleted',
          subject: run.slug,
          details: { name },
        });
        return success(request);
      },
    );
  }
}
