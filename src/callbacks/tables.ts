/** Tables of this room: callbacks and the attempts to deliver them. */
import type { Generated, GeneratedAlways } from 'kysely';
import type { CallbackState, ReportedStatus } from './callback-states.ts';

declare module '../database/tables.ts' {
  interface Tables {
    callback: CallbackTable;
    callback_attempt: CallbackAttemptTable;
  }
}

interface CallbackTable {
  id: GeneratedAlways<number>;
  run_id: number;
  number: number;
  run_status: ReportedStatus;
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
