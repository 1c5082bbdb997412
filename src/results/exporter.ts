/** The contract of an export format: rows of a run in, the bytes of one file out. The formats are in `exporters/`. */
import type { ResultHeader } from './ingest.ts';

interface ExportFormatTraits {
  /** Of file names, without the dot. */
  readonly extension: string;
  readonly mediaType: string;
  /** Most rows and columns a file of this format can hold; any number where there is none. */
  readonly rowLimit?: number;
  readonly columnLimit?: number;
  /** The format to take where a limit is passed. */
  readonly instead?: string;
}

/** What is known of each format without loading what writes it. */
export const exportFormats = {
  csv: { extension: 'csv', mediaType: 'text/csv; charset=utf-8' },
  json: { extension: 'json', mediaType: 'application/json; charset=utf-8' },
  jsonl: { extension: 'jsonl', mediaType: 'application/jsonl; charset=utf-8' },
  xlsx: {
    extension: 'xlsx',
    mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    columnLimit: 16_384,
    instead: 'csv',
  },
  // The first of 65,536 rows is the header.
  xls: {
    extension: 'xls',
    mediaType: 'application/vnd.ms-excel',
    rowLimit: 65_535,
    columnLimit: 256,
    instead: 'xlsx',
  },
  xml: { extension: 'xml', mediaType: 'application/xml; charset=utf-8' },
  html: { extension: 'html', mediaType: 'text/html; charset=utf-8' },
  rss: { extension: 'rss', mediaType: 'application/rss+xml; charset=utf-8' },
} as const satisfies Record<string, ExportFormatTraits>;

export type ExportFormat = keyof typeof exportFormats;

export const exportFormatNames = Object.keys(exportFormats) as ExportFormat[];

export function formatTraits(format: ExportFormat): ExportFormatTraits {
  return exportFormats[format];
}

/** The run as a file names it. */
export interface ExportedRun {
  readonly slug: string;
  readonly workerTitle: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Where the API has the run. */
  readonly url: string;
}

export interface ExportTable {
  readonly run: ExportedRun;
  /** In the order they are written. */
  readonly columns: readonly ResultHeader[];
  /** Only these columns were asked for; else a row is written with all its keys where the format can. */
  readonly isFiltered: boolean;
  readonly rowCount: number;
  /** `rowCount` JSON objects as text, in the order of first arrival, in batches of any length. */
  readonly rows: AsyncIterable<readonly string[]>;
}

/**
 * Writes one file in parts, as the rows arrive and no faster than it is read; text is UTF-8.
 * @throws ChelaError where the rows do not fit into the format
 */
export type Exporter = (table: ExportTable) => AsyncIterable<string | Uint8Array>;
