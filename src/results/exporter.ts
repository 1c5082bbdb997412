/** The contract of an export format: turns rows of a run into one file. `exporters/` has the formats. */
import type { ResultHeader } from './ingest.ts';

/** What a file says about the run. */
export interface ExportedRun {
  readonly slug: string;
  readonly workerTitle: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** URL of the run in the API. */
  readonly url: string;
}

/** How csv is written; other formats ignore it. */
export interface CsvStyle {
  /** Whether values that a spreadsheet would run as a formula get an apostrophe. */
  readonly defusesFormulas: boolean;
  /** Excel needs a byte order mark to recognize UTF-8; programs may take it for a part of the first key. */
  readonly hasByteOrderMark: boolean;
}

export interface ExportTable {
  readonly run: ExportedRun;
  readonly csv: CsvStyle;
  /** In output order. */
  readonly columns: readonly ResultHeader[];
  /**
   * Whether only these columns were requested. Otherwise rows are written with all their keys, if the format can do so.
   */
  readonly isFiltered: boolean;
  /** Whether columns beyond the limit of a run are left out. */
  readonly lacksColumns: boolean;
  readonly rowCount: number;
  /** Numbers of the rows within the run, from 0, if they are not simply the first ones. */
  readonly numbers?: Int32Array;
  /** `rowCount` JSON objects as text, in output order, in batches of any size. */
  readonly rows: AsyncIterable<readonly string[]>;
}

/**
 * Writes one file in parts as rows arrive, no faster than it is read. Text is UTF-8.
 * @throws ChelaError if the rows do not fit the format
 */
export type Exporter = (table: ExportTable) => AsyncIterable<string | Uint8Array>;
