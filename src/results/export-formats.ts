/** The export formats. `exporters/` has the code that writes them. */
interface ExportFormatTraits {
  /** File name extension without the dot. */
  readonly extension: string;
  readonly mediaType: string;
  /** Maximum number of rows or columns in a file; undefined for no limit. */
  readonly rowLimit?: number;
  readonly columnLimit?: number;
  /** Whether rows keep all their keys, unless columns were requested. */
  readonly keepsRows?: boolean;
  /** Similar format with higher limits. */
  readonly larger?: 'csv' | 'xlsx';
}

/** Traits of each format, available without loading its exporter. */
export const exportFormats = {
  csv: { extension: 'csv', mediaType: 'text/csv; charset=utf-8' },
  json: { extension: 'json', mediaType: 'application/json; charset=utf-8', keepsRows: true },
  jsonl: { extension: 'jsonl', mediaType: 'application/jsonl; charset=utf-8', keepsRows: true },
  xlsx: {
    extension: 'xlsx',
    mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    columnLimit: 16_384,
    larger: 'csv',
  },
  // 65,536 rows including the header.
  xls: {
    extension: 'xls',
    mediaType: 'application/vnd.ms-excel',
    rowLimit: 65_535,
    columnLimit: 256,
    larger: 'xlsx',
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

/** The most similar format that can hold these numbers of rows and columns, for one that cannot. */
export function largerFormat(format: ExportFormat, rows: number, columns: number): ExportFormat {
  const { larger = format } = formatTraits(format);
  const { rowLimit = Infinity, columnLimit = Infinity } = formatTraits(larger);
  return rows <= rowLimit && columns <= columnLimit ? larger : largerFormat(larger, rows, columns);
}
