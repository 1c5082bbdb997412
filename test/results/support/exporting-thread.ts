/** Writes rows of a megabyte each in one format, and reports how many bytes the file has. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ExportFormat } from '../../../src/results/export-formats.ts';
import { loadExporter } from '../../../src/results/exporters.ts';

const { format, rowCount } = workerData as { format: ExportFormat; rowCount: number };
const megabyte = 1024 * 1024;

/** Pictures, pages, and a few lists, which XML takes long to write. */
function rowAt(number: number): string {
  if (number % 20 === 0)
    return JSON.stringify({ number, list: [{ text: `${number} `.repeat(megabyte / 4) }] });
  if (number % 2 === 0)
    return JSON.stringify({
      number,
      text: `iVBORw0KGgo${String(number)
        .padStart(5, '0')
        .repeat(megabyte / 5)}`,
    });
  return JSON.stringify({ number, text: `<p>${number} & </p>\n`.repeat(megabyte / 14) });
}

async function* rows(): AsyncGenerator<string[]> {
  for (let number = 0; number < rowCount; number += 1) {
    // As from a database, rows do not all arrive at once.
    await new Promise(setImmediate);
    yield [rowAt(number)];
  }
}

const write = await loadExporter(format);
let bytes = 0;
for await (const part of write({
  run: {
    slug: 'RUN',
    workerTitle: 'Pictures',
    createdAt: '2026-11-28T00:00:00.000Z',
    url: 'http://x.example/',
  },
  csv: { defusesFormulas: true, hasByteOrderMark: false },
  columns: ['number', 'text', 'list'].map((key) => ({ key, label: key, format: 'text' })),
  isFiltered: false,
  lacksColumns: false,
  rowCount,
  rows: rows(),
}))
  bytes += Buffer.byteLength(part);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
parentPort?.postMessage(bytes);
