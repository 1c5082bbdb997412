/** An export in the database, and its derived names. */
import type { RunRecord } from '../runs/runs.ts';
import { formatTraits, type ExportFormat } from './export-formats.ts';
import type { ExportState } from './export-states.ts';
import type { ErrorKey } from '../errors.ts';
import { withoutEnd } from '../text/text-ends.ts';

export interface ExportRecord {
  readonly id: number;
  readonly slug: string;
  readonly format: ExportFormat;
  readonly file_name: string;
  readonly state: ExportState;
  /** null until it is ready. */
  readonly size_bytes: number | null;
  /** Total number of rows in the file, and the number read so far. */
  readonly row_count: number;
  readonly rows_done: number;
  /** '' unless the export failed. */
  readonly error_key: ErrorKey | '';
  readonly error_message: string;
  /** Whether columns beyond the limit are left out. */
  readonly lacks_columns: boolean;
}

export const exportRecordColumns = [
  'export.id',
  'export.slug',
  'export.format',
  'export.file_name',
  'export.state',
  'export.size_bytes',
  'export.row_count',
  'export.rows_done',
  'export.error_key',
  'export.error_message',
  'export.lacks_columns',
] as const;

/** Key of the file in the storage. */
export function storageKey({ slug, format }: Pick<ExportRecord, 'slug' | 'format'>): string {
  return `exports/${slug}.${formatTraits(format).extension}`;
}

const titleLengthLimit = 60;

/** Name of the downloaded file: the worker's title in letters, digits and hyphens, and the run's slug. */
export function fileNameOf(run: RunRecord, format: ExportFormat): string {
  const words = run.worker_title
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? ['results'];
  const title = withoutEnd(words.join('-').slice(0, titleLengthLimit).toWellFormed(), '-\uFFFD');
  return `${title}-${run.slug}.${formatTraits(format).extension}`;
}
