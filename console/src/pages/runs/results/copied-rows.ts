/** Rows as text for the clipboard. */
import { isFormulaLike } from '../../../../../src/results/exporters/formula.ts';
import { stringifyJson } from '../../../api/lossless-json.ts';
import { cutKey, dataIdKey, type ResultHeader, type ResultRow } from '../../../api/run-results.ts';

export const copyFormats = ['csv', 'json', 'markdown'] as const;
export type CopyFormat = (typeof copyFormats)[number];

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
}

function csvField(value: unknown): string {
  const text = cellText(value);
  // A spreadsheet would run it, as in exported files.
  const safe = typeof value === 'string' && isFormulaLike(text) ? `'${text}` : text;
  return /[",;\t\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function markdownCell(value: unknown): string {
  return cellText(value)
    .replaceAll(/[\\|`*_<>[\]]/g, String.raw`\$&`)
    .replaceAll(/\r\n|\r|\n/g, '<br>');
}

/** @param columns in order */
export function copiedRows(
  rows: readonly ResultRow[],
  columns: readonly ResultHeader[],
  format: CopyFormat,
): string {
  const keys = columns.map(({ key }) => key);
  const valuesOf = (row: ResultRow): unknown[] =>
    keys.map((key) => (Object.hasOwn(row, key) ? row[key] : undefined));
  switch (format) {
    case 'csv': {
      const lines = [keys, ...rows.map(valuesOf)].map((values) => values.map(csvField).join(','));
      return `${lines.join('\r\n')}\r\n`;
    }
    case 'json': {
      const platform = new Set<string>([cutKey, dataIdKey]);
      const shown = rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key) && !platform.has(key))),
      );
      return stringifyJson(shown, 2);
    }
    case 'markdown': {
      const lines = [
        keys.map(markdownCell),
        keys.map(() => '---'),
        ...rows.map((row) => valuesOf(row).map(markdownCell)),
      ];
      return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
    }
    default:
      return format satisfies never;
  }
}
