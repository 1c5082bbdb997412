/** Tables of this room: the hosts that runs connected to, and the limits on connections to a host. */
import type { ConnectionOutcome } from './connection-outcomes.ts';

declare module '../database/tables.ts' {
  interface Tables {
    run_host: RunHostTable;
    host_turn: HostTurnTable;
    host_lease: HostLeaseTable;
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

interface HostTurnTable {
  account_id: number;
  host: string;
  next_at: Date;
}

interface HostLeaseTable {
  account_id: number;
  host: string;
  runner_id: number;
  connections: number;
}
