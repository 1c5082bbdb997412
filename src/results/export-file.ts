/**
 * The content of an export: reads rows on a separate connection, formats them, and yields pieces of a suitable size.
 */
import { Client } from 'pg';
import { ChelaError } from '../errors.ts';
import type { ExportFormat } from './export-formats.ts';
import { refuseRowsBeyondFormat } from './format-limits.ts';
import type { ExportTable } from './exporter.ts';
import { loadExporter } from './exporters.ts';
import type { RunReference } from '../runs/runs.ts';
import type { RowSelection } from './row-selection.ts';
import { streamChosenRows, streamRows } from './row-stream.ts';
import { orderedRows, readNumbers } from './selection-sql.ts';

const pieceBytes = 256 * 1024;
const reportMilliseconds = 250;

/** Called with the numbers of rows read and to be read, once at the start and then a few times a second. */
export type OnRows = (rows: number, of: number) => void;

/** What to export; can be sent to a thread. */
export interface ExportOrder {
  readonly databaseUrl: string;
  readonly format: ExportFormat;
  /** `rowCount` is the number of rows of the run; with a selection, fewer of them may be exported. */
  readonly table: Omit<ExportTable, 'rows' | 'numbers'> & { readonly source: RunReference };
  /** All rows if undefined. */
  readonly selection?: RowSelection | undefined;
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
    onRows(count, rowCount);
  }
  if (count === rowCount) return;
  throw new ChelaError('NOT_FOUND', 'the rows of the run were removed during the export');
}

/** The numbers of the selected rows, from 0, in the selected order. */
async function selectedNumbers(
  client: Client,
  run: RunReference,
  selection: RowSelection,
  rowCount: number,
): Promise<Int32Array> {
  const { text, values } = orderedRows(run, selection, rowCount);
  await client.query("SET work_mem = '64MB'");
  const { rows } = await client.query<{ numbers: Buffer | null }>(text, [...values]);
  return readNumbers(rows[0]?.numbers ?? null);
}

/** @throws ChelaError if the rows do not fit the format or have been removed */
export async function* exportFile(
  order: ExportOrder,
  onRows: OnRows,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const client = new Client({
    connectionString: order.databaseUrl,
    application_name: 'chela export',
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
  });
  // A lost connection also rejects the running statement.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { source, ...table } = order.table;
    const numbers =
      order.selection && (await selectedNumbers(client, source, order.selection, table.rowCount));
    const rowCount = numbers?.length ?? table.rowCount;
    refuseRowsBeyondFormat(table.run.slug, order.format, rowCount, table.columns.length);
    onRows(0, rowCount);
    const stored =
      numbers === undefined
        ? streamRows(client, source, rowCount)
        : streamChosenRows(client, source, numbers);
    const rows = counted(stored, rowCount, onRows);
    const write = await loadExporter(order.format);
    yield* piecesOf(write({ ...table, rowCount, ...(numbers && { numbers }), rows }));
  } finally {
    await client.end().catch(() => undefined);
  }
}
