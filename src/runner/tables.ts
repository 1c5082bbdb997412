/** Tables of this room: runners. */
import type { Generated, GeneratedAlways } from 'kysely';

declare module '../database/tables.ts' {
  interface Tables {
    runner: RunnerTable;
  }
}

interface RunnerTable {
  id: GeneratedAlways<number>;
  hostname: string;
  process_id: number;
  machine: Generated<string>;
  process: Generated<string>;
  slots: number;
  version: Generated<string>;
  node_version: Generated<string>;
  sandbox: Generated<string>;
  started_at: Generated<Date>;
  heartbeat_at: Generated<Date>;
}
