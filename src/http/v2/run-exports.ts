/** Exports the results of a run to a file. The answer links to the file once it is ready. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { enumeration } from '../../answers/enumeration.ts';
import { Export, ExportProgress } from '../../answers/results.ts';
import { ChelaError } from '../../errors.ts';
import { exportFormatNames, type ExportRecord } from '../../results/exports.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { whileClientWaits } from '../waiting.ts';
import { optionalSearch, orderAndFilter, selectionOf } from './row-selection.ts';
import { keysOf, runScopes } from './run-operations.ts';
import { RunParams } from './shapes.ts';

const ExportQuery = Type.Object({
  format: Type.Optional(
    enumeration(exportFormatNames, {
      default: 'csv',
      description:
        'File format, case-insensitive. xls holds up to 65,535 rows; the other formats have no limit.',
    }),
  ),
  filter_keys: Type.Optional(
    Type.String({
      description:
        'Comma-separated keys of the columns to export, in this order. Keys that the rows do not have are ignored. All columns if omitted.',
      examples: ['title,price'],
    }),
  ),
  search: optionalSearch,
  ...orderAndFilter,
  csv_safe: Type.Optional(
    Type.Integer({
      description:
        'Extension: 1 puts an apostrophe before csv values that a spreadsheet would run as a formula; 0 writes all values unchanged, for programs.',
      minimum: 0,
      maximum: 1,
      default: 1,
    }),
  ),
  bom: Type.Optional(
    Type.Integer({
      description:
        'Extension: 1 starts a csv file with a byte order mark, which Excel needs to recognize UTF-8.',
      minimum: 0,
      maximum: 1,
      default: 0,
    }),
  ),
  wait_seconds: Type.Optional(
    Type.Integer({
      description:
        "Extension: maximum wait for the file in seconds, limited by the server's CHELA_EXPORT_WAIT_SECONDS. 0 answers immediately.",
      minimum: 0,
      maximum: 3600,
    }),
  ),
});

/** Download path of an export. */
export function exportPath({ slug, file_name: fileName }: Pick<ExportRecord, 'slug' | 'file_name'>): string {
  return `/files/exports/${slug}/${encodeURIComponent(fileName)}`;
}

/** Clients also send CSV in upper case. */
async function lowerFormat(request: FastifyRequest): Promise<void> {
  const query = request.query as Record<string, unknown>;
  if (typeof query.format === 'string') query.format = query.format.toLowerCase();
}

export function addRunExportOperations(app: ApiApp, context: ApiContext): void {
  const { exports, links, config, closing } = context;
  for (const scope of runScopes(context)) {
    const isNamedRun = scope.noun === 'WorkerRun';
    app.get(
      `${scope.url}${isNamedRun ? '/result' : ''}/export`,
      {
        ...operation({
          id: `export${scope.noun}Results`,
          tag: 'worker-runs',
          summary: `Export ${scope.phrase} results`,
          description: `Exports all current rows of a run to a file, or with search, filter and sort the selected ones in that order. The request waits until the file is ready. If that takes too long, it answers earlier and the download link waits instead. Identical exports share one file. ${scope.note}`,
          params: scope.params,
          querystring: ExportQuery,
          data: Export,
        }),
        preValidation: lowerFormat,
      },
      async (request) => {
        const run = await scope.find(request);
        const baseUrl = context.baseUrl(request);
        const asked = await exports.ask(run, {
          accountId: request.accountId,
          format: request.query.format ?? 'csv',
          keys: keysOf(request.query.filter_keys),
          csv: {
            defusesFormulas: request.query.csv_safe !== 0,
            hasByteOrderMark: request.query.bom === 1,
          },
          selection: selectionOf(request.query),
          runUrl: `${baseUrl}${app.prefix}/worker-runs/${run.slug}`,
        });
        const waitSeconds = Math.min(
          request.query.wait_seconds ?? config.exportWaitSeconds,
          config.exportWaitSeconds,
        );
        await whileClientWaits(request, closing, (signal) =>
          exports.wait(asked.slug, waitSeconds * 1000, signal),
        );
        return success(request, {
          download_url: links.sign(baseUrl, exportPath(asked)),
          export_slug: asked.slug,
          has_all_columns: !asked.lacks_columns,
        });
      },
    );
  }
  addProgress(app, context);
}

function addProgress(app: ApiApp, context: ApiContext): void {
  app.get(
    '/worker-runs/:runId/exports/:exportId',
    operation({
      id: 'getWorkerRunExport',
      tag: 'worker-runs',
      summary: 'Get worker run export',
      description: 'Returns the status and progress of an export. An extension of the published API.',
      params: Type.Object({
        ...RunParams.properties,
        exportId: Type.String({
          description: 'The export_slug from the answer of the export request',
          examples: ['01KKDXV9C3V0X3M5B1QH0T7D2E'],
        }),
      }),
      data: ExportProgress,
    }),
    async (request) => {
      const { runId, exportId } = request.params;
      const run = await context.runs.read.bySlug(request.accountId, runId);
      if (run === undefined) throw new ChelaError('NOT_FOUND', `run ${runId} does not exist`);
      const found = await context.exports.ofRun(run, exportId);
      if (found === undefined) throw new ChelaError('NOT_FOUND', `run ${runId} has no export ${exportId}`);
      return success(request, {
        download_url: context.links.sign(context.baseUrl(request), exportPath(found)),
        export_slug: found.slug,
        has_all_columns: !found.lacks_columns,
        format: found.format,
        state: found.state,
        rows: found.row_count,
        rows_done: found.rows_done,
        size_bytes: found.size_bytes ?? 0,
        err_msg: found.error_message,
      });
    },
  );
}
