/** Column types of the tables in `migrations/`, for Kysely. bigint columns are numbers below 2^53, numeric are strings. */
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { UsageKind } from '../accounts/usage.ts';
import type { AuditAction } from '../accounts/audit.ts';
import type { CallbackState } from '../callbacks/callbacks.ts';
import type { ErrorKey } from '../errors.ts';
import type { ExportState } from '../results/export-record.ts';
import type { ExportFormat } from '../results/exporter.ts';
import type { Finding } from '../workers/input-schema.ts';
import type { InstallStatus } from '../workers/dependency-installs.ts';
import type { Language } from '../workers/package-check.ts';
import type { Origin, RunStatus, SubtaskStatus } from '../runs/statuses.ts';
import type { LimitsInForce } from '../runs/limits.ts';
import type { LogType } from '../logs/log-line.ts';
import type { QueueItemStatus } from '../runs/queue-items.ts';
import type { MissedPolicy, OverlapPolicy, ScheduleType, TickOutcome } from '../tasks/schedule.ts';

/** JSON kept verbatim: written and read as text. */
type JsonText = ColumnType<string, string, string>;

interface InstallationTable {
  id: Generated<boolean>;
  signing_secret: Buffer;
  created_at: Generated<Date>;
}

interface AccountTable {
  id: GeneratedAlways<number>;
  name: string;
  balance: Generated<string>;
  balance_expiration_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  timezone: ColumnType<string | null, string | null | undefined, string | null>;
  email: ColumnType<string | null, string | null | undefined, string | null>;
  password_hash: ColumnType<string | null, string | null | undefined, string | null>;
  is_admin: Generated<boolean>;
  plan: ColumnType<string | null, string | null | undefined, string | null>;
  callback_secret: ColumnType<string | null, string | null | undefined, string | null>;
  created_at: Generated<Date>;
}

interface ApiKeyTable {
  id: GeneratedAlways<number>;
  slug: string;
  account_id: number;
  name: string;
  key_hash: Buffer;
  created_at: Generated<Date>;
  expires_at: Date | null;
  revoked_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  last_used_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

interface SetupLinkTable {
  account_id: number;
  token_hash: Buffer;
  created_at: Generated<Date>;
  expires_at: Date;
  used_at: Date | null;
}

interface SessionTable {
  id: GeneratedAlways<number>;
  account_id: number;
  token_hash: Buffer;
  created_at: Generated<Date>;
  last_used_at: Generated<Date>;
  expires_at: Date;
}

interface AuditEntryTable {
  id: GeneratedAlways<number>;
  at: Generated<Date>;
  account_id: number;
  actor_account_id: number | null;
  api_key_id: number | null;
  action: AuditAction;
  subject: string;
  details: JSONColumnType<Record<string, unknown>>;
  request_id: string;
}

interface WorkerTable {
  id: GeneratedAlways<number>;
  slug: string;
  account_id: number;
  name: string;
  title: string;
  description: string;
  category: number | null;
  icon_key: string | null;
  is_public: Generated<boolean>;
  current_version_id: number | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
  deleted_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

interface WorkerVersionTable {
  id: GeneratedAlways<number>;
  worker_id: number;
  version: string;
  package_hash: string;
  language: Language;
  entry: string;
  input_schema: string;
  output_schema: string | null;
  readme: string;
  warnings: JSONColumnType<Finding[]>;
  description: Generated<string>;
  package_bytes: Generated<number>;
  git_url: string | null;
  git_ref: string | null;
  git_folder: string | null;
  git_commit: string | null;
  created_at: Generated<Date>;
}

interface DependencyInstallTable {
  worker_version_id: number;
  status: InstallStatus;
  attempt: Generated<number>;
  err_msg: Generated<string>;
  is_truncated: Generated<boolean>;
  started_at: Date | null;
  finished_at: Date | null;
}

interface DependencyInstallLineTable {
  worker_version_id: number;
  number: number;
  content: string;
  logged_at: Date;
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
  usage: Generated<string>;
  traffic_bytes: Generated<number>;
  err_msg: Generated<string>;
  subtask_count: number;
  subtasks_finished: Generated<number>;
  subtasks_failed: Generated<number>;
  created_at: Generated<Date>;
  started_at: Date | null;
  finished_at: Date | null;
}

interface TaskTable {
  id: GeneratedAlways<number>;
  slug: string;
  account_id: number;
  worker_id: number | null;
  worker_slug: string;
  title: string;
  description: Generated<string>;
  version: string;
  input: JsonText;
  run_count: Generated<number>;
  last_run_slug: Generated<string>;
  schedule_enabled: Generated<boolean>;
  schedule_type: ScheduleType | null;
  schedule_time: string | null;
  schedule_weekday: number | null;
  schedule_day: number | null;
  schedule_once_date: string | null;
  schedule_timezone: string | null;
  schedule_overlap: Generated<OverlapPolicy>;
  schedule_missed: Generated<MissedPolicy>;
  next_tick_at: Date | null;
  queued_tick_at: Date | null;
  last_tick_at: Date | null;
  last_tick_outcome: Generated<TickOutcome | ''>;
  last_tick_message: Generated<string>;
  missed_count: Generated<number>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
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
}

interface UsageEntryTable {
  run_id: number;
  kind: UsageKind;
  unit_price: string;
  quantity: string;
  amount: string;
}

interface RunnerTable {
  id: GeneratedAlways<number>;
  hostname: string;
  process_id: number;
  slots: number;
  started_at: Generated<Date>;
  heartbeat_at: Generated<Date>;
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
  started_at: Date | null;
  worked_from: ColumnType<Date | null, Date | null | undefined, Date | null>;
  finished_at: Date | null;
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
  asked_at: Generated<Date>;
  queued_at: Generated<Date>;
}

interface LogLineTable {
  day: string;
  run_id: number;
  id: GeneratedAlways<number>;
  subtask: number;
  type: LogType;
  content: string;
  logged_at: Date;
}

interface CallbackTable {
  id: GeneratedAlways<number>;
  run_id: number;
  number: number;
  run_status: RunStatus;
  body: string;
  state: Generated<CallbackState>;
  attempt_count: Generated<number>;
  next_attempt_at: Generated<Date>;
  claimed_until: Date | null;
  created_at: Generated<Date>;
}

interface CallbackAttemptTable {
  callback_id: number;
  number: number;
  started_at: Generated<Date>;
  milliseconds: number | null;
  status_code: number | null;
  error: Generated<string>;
  answer: Generated<string>;
}

export interface Tables {
  installation: InstallationTable;
  account: AccountTable;
  api_key: ApiKeyTable;
  setup_link: SetupLinkTable;
  session: SessionTable;
  audit_entry: AuditEntryTable;
  worker: WorkerTable;
  worker_version: WorkerVersionTable;
  dependency_install: DependencyInstallTable;
  dependency_install_line: DependencyInstallLineTable;
  run: RunTable;
  task: TaskTable;
  queue_item: QueueItemTable;
  usage_entry: UsageEntryTable;
  runner: RunnerTable;
  subtask: SubtaskTable;
  result_row: ResultRowTable;
  result_header: ResultHeaderTable;
  result_column: ResultColumnTable;
  export: ExportTable;
  log_line: LogLineTable;
  callback: CallbackTable;
  callback_attempt: CallbackAttemptTable;
}
