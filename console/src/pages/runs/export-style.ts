/** The format of the last export from this browser, which the next one has again. */
import { exportFormatNames, type CsvStyle, type ExportFormat } from '../../api/run-exports.ts';

export interface ExportStyle {
  readonly format: ExportFormat;
  readonly csv: CsvStyle;
}

const storageKey = 'chela.export';
const firstStyle: ExportStyle = { format: 'csv', csv: { isSafe: true, hasByteOrderMark: false } };

export function lastExportStyle(): ExportStyle {
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Partial<ExportStyle> | null;
    const format = exportFormatNames.find((name) => name === kept?.format) ?? firstStyle.format;
    return {
      format,
      csv: {
        isSafe: kept?.csv?.isSafe !== false,
        hasByteOrderMark: kept?.csv?.hasByteOrderMark === true,
      },
    };
  } catch {
    // Storage may be disabled, and anything may be in it.
    return firstStyle;
  }
}

export function keepExportStyle(style: ExportStyle): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(style));
  } catch {
    // Without storage every export begins with the first style.
  }
}
