/** Refuses exports that their format cannot hold. */
import { invalidArgument } from '../errors.ts';
import { formatTraits, largerFormat, type ExportFormat } from './export-formats.ts';

/** @throws ChelaError if a file of this format cannot hold so many rows */
export function refuseRowsBeyondFormat(
  runSlug: string,
  format: ExportFormat,
  rowCount: number,
  columnCount: number,
): void {
  const { rowLimit = Infinity } = formatTraits(format);
  if (rowCount <= rowLimit) return;
  throw invalidArgument(
    `run ${runSlug} has ${rowCount.toLocaleString('en')} rows, but ${format} is limited to ${rowLimit.toLocaleString('en')}: export as ${largerFormat(format, rowCount, columnCount)} instead`,
  );
}

/** @throws ChelaError if a file of this format cannot hold so many columns */
export function refuseColumnsBeyondFormat(
  runSlug: string,
  format: ExportFormat,
  rowCount: number,
  columnCount: number,
): void {
  const { columnLimit = Infinity } = formatTraits(format);
  if (columnCount <= columnLimit) return;
  throw invalidArgument(
    `run ${runSlug} has ${columnCount.toLocaleString('en')} columns, but ${format} is limited to ${columnLimit.toLocaleString('en')}: export as ${largerFormat(format, rowCount, columnCount)} instead, or fewer columns with filter_keys`,
  );
}
