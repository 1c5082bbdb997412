/** The table of this room: the hosts that runs connected to. */
import type { ConnectionOutcome } from './connection-outcomes.ts';

declare module '../database/tables.ts' {
  interface Tables {
    run_host: RunHostTable;
  }
}

interface RunHostTable {
  run_id: number;
  subtask: number;
  host: string;
  port: number;
  outcome: ConnectionOutcome;
  connections: number;
  sent_bytes: number;
  received_bytes: number;
  first_at: Date;
  last_at: Date;
}
