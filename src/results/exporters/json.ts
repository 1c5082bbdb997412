/** One JSON array, with one row per line. */
import type { Exporter } from '../exporter.ts';
import { rowWriter } from './row-text.ts';

export const writeJson: Exporter = async function* (table) {
  const write = rowWriter(table);
  let separator = '[\n';
  for await (const rows of table.rows) {
    if (rows.length === 0) continue;
    yield separator + rows.map(write).join(',\n');
    separator = ',\n';
  }
  yield separator === ',\n' ? '\n]\n' : '[]\n';
};
