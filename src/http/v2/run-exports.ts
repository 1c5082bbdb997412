/** Exporting the results of a run as a file: the answer is a link to it, once it is there. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { exportFormatNames, type ExportFormat, type ExportRecord } from '../../results/exports.ts';
import type { ApiApp, ApiContext } from '../app.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { whileClientWaits } from '../waiting.ts';
import { runScopes } from './run-operations.ts';

const ExportQuery = Type.Object({
  format: Type.Optional(
    Type.String({
      enum: exportFormatNames,
      default: 'csv',
      description:
        'Format of the file, in upper or lower case. xls holds 65,535 rows; the others any number.',
    }),
  ),
  filter_keys: Type.Optional(
    Type.String({
      description:
        'Keys of the columns to export, separated by commas, in the order wanted; keys that the run has not are ignored. All columns where omitted.',
      examples: ['title,price'],
    }),
  ),
});

const Export = Type.Object(
  {
    download_url: Type.String({
      description: 'Signed link to the file; it needs no header and expires.',
      examples: [
        'https://chela.example.com/files/exports/01KKDXV9C3V0X3M5B1QH0T7D2E/hello-01KKDXV2G26BT7NH4ZQR2R4NPZ.csv?expires=1782177600&signature=Zk3vJ8s0yq1m2n4p5r6t7u8v9w0x1y2z3A4B5C6D7E8',
      ],
    }),
  },
  { description: 'An export' },
);

/** Path of the download of an export. */
export function exportPath({ slug, file_name: fileName }: Pick<ExportRecord, 'slug' | 'file_name'>): string {
  return `/files/exports/${slug}/${encodeURIComponent(fileName)}`;
}

/** Clients write CSV as well as csv. */
async function lowerFormat(request: FastifyRequest): Promise<void> {
  const query = request.query as Record<string, unknown>;
  if (typeof query.format === 'string') query.format = query.format.toLowerCase();
}

function keysOf(list: string | undefined): string[] | undefined {
  const keys = (list ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  return keys.length === 0 ? undefined : keys;
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
          description: `All rows that a run has now, as a file. The answer comes when the file is there; one that takes long is answered before, and then its link waits. The same export asked for twice is made once. ${scope.note}`,
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
          format: (request.query.format ?? 'csv') as ExportFormat,
          keys: keysOf(request.query.filter_keys),
          runUrl: `${baseUrl}${app.prefix}/worker-runs/${run.slug}`,
        });
        await whileClientWaits(request, closing, (signal) =>
          exports.wait(asked.slug, config.exportWaitSeconds * 1000, signal),
        );
        return success(request, { download_url: links.sign(baseUrl, exportPath(asked)) });
      },
    );
  }
}
