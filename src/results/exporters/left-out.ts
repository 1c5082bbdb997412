/** The note in a file that does not have all columns of its run. */
import type { ExportTable } from '../exporter.ts';
import { columnLimit } from '../column-register.ts';

export const leftOutNote = `further columns are left out: the limit is ${columnLimit.toLocaleString('en')} columns. Name them in filter_keys to export them`;

/** Adds an empty last column whose heading is the note, for formats with a heading for each column. */
export function withNoteColumn(table: ExportTable): ExportTable {
  if (!table.lacksColumns) return table;
  const note = `(${leftOutNote})`;
  return { ...table, columns: [...table.columns, { key: note, label: note, format: 'text' }] };
}
