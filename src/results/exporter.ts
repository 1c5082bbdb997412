/** The contract of an export format: rows of a run in, the bytes of one file out. The formats are in `exporters/`. */
import type { ResultHeader } from './ingest.ts';

/** The run as a file names it. */
export interface ExportedRun {
  readonly slug: string;
  readonly workerTitle: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Where the API has the run. */
  readonly url: string;
}

export interface ExportTable {
  readonly run: ExportedRun;
  /** In the order they are written. */
  readonly columns: readonly ResultHeader[];
  /** Only these columns were asked for; else a row is written with all its keys where the format can. */
  readonly isFiltered: boolean;
  readonly rowCount: number;
  /** `rowCount` JSON objects as text, in the order of first arrival, in batches of any length. */
  readonly rows: AsyncIterable<readonly string[]>;
}

/**
 * Writes one file in parts, as the rows arrive and no faster than it is read; text is UTF-8.
 * @throws ChelaError if the rows do not fit into the format
 */
export type Exporter = (table: ExportTable) => AsyncIterable<string | Uint8Array>;
