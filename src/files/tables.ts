/** Table of this room: files of runs. */
import type { Generated, GeneratedAlways } from 'kysely';
import type { FileState } from './file-states.ts';

declare module '../database/tables.ts' {
  interface Tables {
    run_file: RunFileTable;
  }
}

interface RunFileTable {
  id: GeneratedAlways<number>;
  slug: string;
  run_id: number | null;
  subtask: number;
  name: string;
  media_type: string;
  state: Generated<FileState>;
  size_bytes: number | null;
  sha256: Buffer | null;
  begun_at: Generated<Date>;
  kept_at: Date | null;
}
