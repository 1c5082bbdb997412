/** Exports of a run: files of its rows, and their progress. */
import { queryOptions, useMutation } from '@tanstack/react-query';
import type { Export, ExportProgress } from '../../../src/answers/results.ts';
import type { ExportFormat } from '../../../src/results/export-formats.ts';
import { call, segment } from './client.ts';
import { rowParameters, type RowQuery } from './row-queries.ts';
import { runPath, runsKey } from './runs.ts';

export type { ExportProgress } from '../../../src/answers/results.ts';
export { exportFormatNames, type ExportFormat } from '../../../src/results/export-formats.ts';

const progressMilliseconds = 300;

/** How csv is written. */
export interface CsvStyle {
  /** Whether values that a spreadsheet would run as a formula get an apostrophe. */
  readonly isSafe: boolean;
  readonly hasByteOrderMark: boolean;
}

export interface ExportChoice {
  readonly format: ExportFormat;
  /** All columns if empty. */
  readonly keys: readonly string[];
  readonly csv: CsvStyle;
  readonly rows: RowQuery;
}

/** Requests a file without waiting for it. @returns the slug of the export */
export function useExport(slug: string) {
  return useMutation({
    mutationFn: async ({ format, keys, csv, rows }: ExportChoice) => {
      const style =
        format === 'csv' ? { csv_safe: csv.isSafe ? 1 : 0, bom: csv.hasByteOrderMark ? 1 : 0 } : {};
      const query = {
        ...rowParameters(rows),
        format,
        filter_keys: keys.join(','),
        ...style,
        wait_seconds: 0,
      };
      return (await call<Export>(`${runPath(slug)}/result/export`, { query })).export_slug;
    },
  });
}

export function exportQuery(slug: string, exportSlug: string | undefined) {
  return queryOptions({
    queryKey: [...runsKey, slug, 'exports', exportSlug],
    queryFn: ({ signal }) =>
      call<ExportProgress>(`${runPath(slug)}/exports/${segment(exportSlug ?? '')}`, { signal }),
    enabled: exportSlug !== undefined,
    refetchInterval: ({ state }) => (state.data?.state ?? 'queued') === 'queued' && progressMilliseconds,
  });
}
