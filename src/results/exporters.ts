/** The exporter of each format, loaded on demand. */
import type { ExportFormat } from './export-formats.ts';
import type { Exporter } from './exporter.ts';

const loaders: Readonly<Record<ExportFormat, () => Promise<Exporter>>> = {
  csv: async () => (await import('./exporters/csv.ts')).writeCsv,
  json: async () => (await import('./exporters/json.ts')).writeJson,
  jsonl: async () => (await import('./exporters/jsonl.ts')).writeJsonLines,
  xlsx: async () => (await import('./exporters/xlsx.ts')).writeXlsx,
  xls: async () => (await import('./exporters/xls.ts')).writeXls,
  xml: async () => (await import('./exporters/xml.ts')).writeXml,
  html: async () => (await import('./exporters/html.ts')).writeHtml,
  rss: async () => (await import('./exporters/rss.ts')).writeRss,
};

export function loadExporter(format: ExportFormat): Promise<Exporter> {
  return loaders[format]();
}
