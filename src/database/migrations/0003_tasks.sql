-- Saved tasks: a worker with an input, run by hand or by a schedule.

ALTER TABLE account ADD COLUMN timezone text CHECK (timezone <> '');
COMMENT ON COLUMN account.timezone IS 'IANA name of the zone of schedules that name none; NULL is the one of the configuration.';

CREATE TABLE task (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug                text NOT NULL UNIQUE CHECK (slug ~ '^[0-9A-HJKMNP-TV-Z]{26}$'),
  account_id          bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  worker_id           bigint REFERENCES worker ON DELETE SET NULL,
  worker_slug         text NOT NULL,
  title               text NOT NULL CHECK (title <> ''),
  description         text NOT NULL DEFAULT '',
  version             text NOT NULL,
  input               json NOT NULL,
  run_count           bigint NOT NULL DEFAULT 0,
  last_run_slug       text NOT NULL DEFAULT '',
  schedule_enabled    boolean NOT NULL DEFAULT false,
  schedule_type       smallint CHECK (schedule_type BETWEEN 1 AND 4),
  schedule_time       text CHECK (schedule_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  schedule_weekday    smallint CHECK (schedule_weekday BETWEEN 1 AND 7),
  schedule_day        smallint CHECK (schedule_day BETWEEN 1 AND 31),
  schedule_once_date  text CHECK (schedule_once_date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
  schedule_timezone   text CHECK (schedule_timezone <> ''),
  schedule_overlap    text NOT NULL DEFAULT 'skip' CHECK (schedule_overlap IN ('skip', 'allow', 'queue')),
  schedule_missed     text NOT NULL DEFAULT 'run_once' CHECK (schedule_missed IN ('run_once', 'skip')),
  next_tick_at        timestamptz,
  queued_tick_at      timestamptz,
  last_tick_at        timestamptz,
  last_tick_outcome   text NOT NULL DEFAULT ''
                      CHECK (last_tick_outcome IN ('', 'started', 'skipped', 'queued', 'failed', 'missed')),
  last_tick_message   text NOT NULL DEFAULT '',
  missed_count        bigint NOT NULL DEFAULT 0,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  CHECK (schedule_enabled OR (next_tick_at IS NULL AND queued_tick_at IS NULL)),
  CHECK (NOT schedule_enabled OR (schedule_type IS NOT NULL AND schedule_time IS NOT NULL))
);
COMMENT ON COLUMN task.worker_slug IS 'Kept when the worker is deleted, so that the task still says what it was for.';
COMMENT ON COLUMN task.version IS 'v1.0.1, or latest: then each run takes the version that is current when it starts.';
COMMENT ON COLUMN task.input IS 'The input value of the request, verbatim.';
COMMENT ON COLUMN task.schedule_type IS '1 daily, 2 weekly, 3 monthly, 4 once.';
COMMENT ON COLUMN task.schedule_weekday IS '1 Monday to 7 Sunday.';
COMMENT ON COLUMN task.next_tick_at IS 'When the schedule fires next. Who fires a tick moves this on in the same transaction, so it is fired once.';
COMMENT ON COLUMN task.queued_tick_at IS 'A tick that waits for the end of the run before it (schedule_overlap queue).';
COMMENT ON COLUMN task.last_tick_at IS 'The tick that was dealt with last; no tick at or before it fires again.';
COMMENT ON COLUMN task.missed_count IS 'Ticks that nobody could fire in their time, all in all.';
CREATE INDEX task_account ON task (account_id, id DESC);
CREATE INDEX task_worker ON task (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX task_due ON task (next_tick_at, id) WHERE next_tick_at IS NOT NULL;
CREATE INDEX task_queued ON task (id) WHERE queued_tick_at IS NOT NULL;

ALTER TABLE run ADD COLUMN task_id bigint REFERENCES task ON DELETE SET NULL;
ALTER TABLE run ADD COLUMN scheduled_for timestamptz;
COMMENT ON COLUMN run.task_id IS 'The saved task it is a run of.';
COMMENT ON COLUMN run.scheduled_for IS 'The tick of the schedule that started it.';
CREATE INDEX run_task ON run (task_id, id DESC) WHERE task_id IS NOT NULL;
-- Whatever else may go wrong, a tick starts one run.
CREATE UNIQUE INDEX run_tick ON run (task_id, scheduled_for) WHERE task_id IS NOT NULL AND scheduled_for IS NOT NULL;
