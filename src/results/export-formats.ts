/** The formats that results can be exported in; what writes each is in `exporters/`. */
interface ExportFormatTraits {
  /** Of file names, without the dot. */
  readonly extension: string;
  readonly mediaType: string;
  /** Most rows and columns a file of this format can hold; any number if there is none. */
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
