/** Tables of this room: rows and exports. */
import type { Generated, GeneratedAlways } from 'kysely';
import type { JsonText } from '../database/database.ts';
import type { ErrorKey } from '../errors.ts';
import type { ExportFormat } from './export-formats.ts';
import type { ExportState } from './export-states.ts';

declare module '../database/tables.ts' {
  interface Tables {
    result_row: ResultRowTable;
    result_header: ResultHeaderTable;
    result_column: ResultColumnTable;
    subtask_result: SubtaskResultTable;
    export: ExportTable;
  }
}

interface ResultRowTable {
  day: string;
  run_id: number;
  number: number;
  subtask: number;
  data: JsonText;
  upsert_key: string | null;
  upsert_value: string | null;
}

interface ResultHeaderTable {
  run_id: number;
  subtask: number;
  first_seen: GeneratedAlways<number>;
  headers: string;
}

interface ResultColumnTable {
  run_id: number;
  key: string;
  first_seen: GeneratedAlways<number>;
}

interface SubtaskResultTable {
  run_id: number;
  subtask: number;
  row_count: number;
}

interface ExportTable {
  id: GeneratedAlways<number>;
  slug: string;
  run_id: number | null;
  identity: Buffer;
  format: ExportFormat;
  columns: JsonText;
  is_filtered: boolean;
  row_count: number;
  file_name: string;
  state: Generated<ExportState>;
  size_bytes: number | null;
  error_key: Generated<ErrorKey | ''>;
  error_message: Generated<string>;
  rows_done: Generated<number>;
  asked_at: Generated<Date>;
  queued_at: Generated<Date>;
  defuses_formulas: Generated<boolean>;
  has_byte_order_mark: Generated<boolean>;
  lacks_columns: Generated<boolean>;
  selection: JsonText | null;
}
