/** Tables of this room: log lines. */
import type { Generated } from 'kysely';
import type { LogType } from './log-line.ts';
import type { JsonText } from '../database/database.ts';

declare module '../database/tables.ts' {
  interface Tables {
    log_line: LogLineTable;
    run_log: RunLogTable;
  }
}

interface LogLineTable {
  day: string;
  run_id: number;
  id: number;
  subtask: number;
  type: LogType;
  content: string;
  logged_at: Date;
  styles: JsonText | null;
  is_platform: Generated<boolean>;
}

interface RunLogTable {
  run_id: number;
  debug_lines: number;
  info_lines: number;
  warn_lines: number;
  error_lines: number;
  fence: Generated<number>;
}
