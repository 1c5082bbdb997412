/** Tables of this room: saved tasks. */
import type { Generated, GeneratedAlways } from 'kysely';
import type { JsonText } from '../database/database.ts';
import type { MissedPolicy, OverlapPolicy, ScheduleType, TickOutcome } from './schedule-kinds.ts';

declare module '../database/tables.ts' {
  interface Tables {
    task: TaskTable;
  }
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
  callback_url: string | null;
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
