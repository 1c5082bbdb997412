/** Tables of this room: figures of ended runs. */

declare module '../database/tables.ts' {
  interface Tables {
    ended_run: EndedRunTable;
    run_statistic: RunStatisticTable;
    run_duration: RunDurationTable;
  }
}

interface EndedRunTable {
  run_id: number;
}

interface RunStatisticTable {
  account_id: number;
  span: 'quarter' | 'day';
  worker_id: number;
  at: Date;
  succeeded: number;
  failed: number;
  aborted: number;
  results: number;
  traffic_bytes: number;
  memory_quantity: string;
  usage: string;
  result_amount: string;
  memory_amount: string;
  traffic_amount: string;
}

interface RunDurationTable {
  account_id: number;
  span: 'hour' | 'day';
  worker_id: number;
  at: Date;
  step: number;
  runs: number;
}
