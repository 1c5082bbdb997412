/** JSON Lines: one row per line. */
import type { Exporter } from '../exporter.ts';
import { rowWriter } from './row-text.ts';

export const writeJsonLines: Exporter = async function* (table) {
  const write = rowWriter(table);
  for await (const rows of table.rows) yield rows.map((row) => `${write(row)}\n`).join('');
};
