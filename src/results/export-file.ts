/**
 * The content of an export: reads rows on a separate connection, formats them, and yields pieces of a suitable size.
 */
import { Client } from 'pg';
import { ChelaError } from '../errors.ts';
import type { ExportFormat } from './export-formats.ts';
import type { ExportTable } from './exporter.ts';
import { loadExporter } from './exporters.ts';
import type { RunReference } from '../runs/runs.ts';
import { streamRows } from './row-stream.ts';

const pieceBytes = 256 * 1024;
const reportMilliseconds = 250;

/** Called with the number of rows read, a few times a second. */
export type OnRows = (rows: number) => void;

/** What to export; can be sent to a thread. */
export interface ExportOrder {
  readonly databaseUrl: string;
  readonly format: ExportFormat;
  readonly table: Omit<ExportTable, 'rows'> & { readonly source: RunReference };
}

/** Joins small parts. Each piece owns its memory. */
async function* piecesOf(parts: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const taken = (): Uint8Array<ArrayBuffer> => {
    const piece = new Uint8Array(gatheredBytes);
    let position = 0;
    for (const part of gathered) {
      piece.set(part, position);
      position += part.length;
    }
    gathered = [];
    gatheredBytes = 0;
    return piece;
  };
  for await (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    gathered.push(bytes);
    gatheredBytes += bytes.length;
    if (gatheredBytes >= pieceBytes) yield taken();
  }
  if (gatheredBytes > 0) yield taken();
}

async function* counted(
  rows: AsyncIterable<string[]>,
  rowCount: number,
  onRows: OnRows,
): AsyncGenerator<string[]> {
  let count = 0;
  let reportedAt = performance.now();
  for await (const batch of rows) {
    count += batch.length;
    yield batch;
    if (performance.now() - reportedAt < reportMilliseconds) continue;
    reportedAt = performance.now();
    onRows(count);
  }
  if (count === rowCount) return;
  throw new ChelaError('NOT_FOUND', 'the rows of the run were removed during the export');
}

/** @throws ChelaError if the rows do not fit the format or have been removed */
export async function* exportFile(
  order: ExportOrder,
  onRows: OnRows,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const client = new Client({ connectionString: order.databaseUrl, application_name: 'chela export' });
  // A lost connection also rejects the running statement.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { source, ...table } = order.table;
    const rows = counted(streamRows(client, source, table.rowCount), table.rowCount, onRows);
    const write = await loadExporter(order.format);
    yield* piecesOf(write({ ...table, rows }));
  } finally {
    await client.end().catch(() => undefined);
  }
}
