/** Tables of this room: runs, their subtasks, and held runs. */
import type { Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { JsonText } from '../database/database.ts';
import type { EndDetail, RunEndReason, SubtaskEndReason } from './end-reasons.ts';
import type { LimitsInForce } from './limits.ts';
import type { QueueItemStatus } from './queue-states.ts';
import type { Origin, RunStatus, SubtaskStatus } from './statuses.ts';

declare module '../database/tables.ts' {
  interface Tables {
    run: RunTable;
    subtask: SubtaskTable;
    queue_item: QueueItemTable;
    removed_run: RemovedRunTable;
    run_count: RunCountTable;
    run_count_change: RunCountChangeTable;
  }
}

interface RunTable {
  id: GeneratedAlways<number>;
  slug: string;
  account_id: number;
  worker_id: number;
  worker_version_id: number;
  status: RunStatus;
  origin: Origin;
  input: JsonText;
  system: JSONColumnType<LimitsInForce>;
  callback_url: string | null;
  task_id: number | null;
  scheduled_for: Date | null;
  idempotency_key: string | null;
  idempotency_hash: Buffer | null;
  day: string;
  result_count: Generated<number>;
  fence: Generated<number>;
  usage: Generated<string>;
  traffic_bytes: Generated<number>;
  err_msg: Generated<string>;
  end_reason: RunEndReason | null;
  end_detail: JSONColumnType<EndDetail | null, string | null | undefined, string | null>;
  error_headline: Generated<string>;
  subtask_count: number;
  concurrency: Generated<number>;
  subtasks_finished: Generated<number>;
  subtasks_failed: Generated<number>;
  created_at: Generated<Date>;
  started_at: Date | null;
  finished_at: Date | null;
  pinned_at: Date | null;
  labels: JSONColumnType<string[], string | undefined>;
  traceparent: string | null;
  parent_span_id: string | null;
  /** Set by the database when the run ends, as the other `ended_` columns. */
  ended_results: number | null;
  ended_traffic: number | null;
  /** Decimal string. */
  ended_usage: string | null;
  ended_milliseconds: number | null;
}

interface SubtaskTable {
  id: GeneratedAlways<number>;
  run_id: number;
  account_id: number;
  number: number;
  status: SubtaskStatus;
  input: JsonText;
  runner_id: number | null;
  attempt: Generated<number>;
  exit_code: number | null;
  err_msg: Generated<string>;
  end_reason: SubtaskEndReason | null;
  end_detail: JSONColumnType<EndDetail | null, string | null | undefined, string | null>;
  error_headline: Generated<string>;
  started_at: Date | null;
  worked_from: Date | null;
  finished_at: Date | null;
  turn: Generated<number>;
  is_held: Generated<boolean>;
  /** Decimal string. */
  cpu_seconds: string | null;
}

interface QueueItemTable {
  id: GeneratedAlways<number>;
  account_id: number;
  worker_id: number | null;
  worker_slug: string;
  version: string;
  input: JsonText;
  callback_url: string | null;
  status: Generated<QueueItemStatus>;
  reason: Generated<string>;
  run_slug: Generated<string>;
  created_at: Generated<Date>;
  ended_at: Date | null;
  labels: JSONColumnType<string[], string | undefined>;
}

interface RemovedRunTable {
  run_id: number;
  day: string;
}

interface RunCountTable {
  account_id: number;
  day: string;
  worker_id: number;
  task_id: number;
  status: RunStatus;
  origin: Origin;
  runs: number;
}

interface RunCountChangeTable {
  id: GeneratedAlways<number>;
  account_id: number;
  day: string;
  worker_id: number;
  task_id: number;
  status: RunStatus;
  origin: Origin;
  difference: number;
}
