/** Writes one export, or PostgreSQL's own COPY of the same rows, to a file, and prints the time and memory it took. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { ExportOrder } from '../../src/results/export-file.ts';
import { exportStream } from '../../src/results/export-stream.ts';

export interface ExportTask {
  readonly order: ExportOrder;
  /** Only copy the rows. */
  readonly plain: boolean;
  readonly file: string;
}

export interface ExportMeasure {
  readonly seconds: number;
  readonly peakBytes: number;
}

async function copyRows({ databaseUrl, table }: ExportOrder, file: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { day, id } = table.source;
    const statement = `COPY (SELECT data FROM result_row WHERE day = '${day}' AND run_id = ${id}
      AND number < ${table.rowCount} ORDER BY number) TO STDOUT`;
    await pipeline(client.query(copyTo(statement)), createWriteStream(file));
  } finally {
    await client.end();
  }
}

const { order, plain, file } = JSON.parse(process.argv[2] ?? '') as ExportTask;
const begin = performance.now();
if (plain) await copyRows(order, file);
else
  await pipeline(
    exportStream(order, 0, () => undefined),
    createWriteStream(file),
  );
const measure: ExportMeasure = {
  seconds: (performance.now() - begin) / 1000,
  peakBytes: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(JSON.stringify(measure));
