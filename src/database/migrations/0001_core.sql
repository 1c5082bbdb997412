-- Accounts, workers, runs, subtasks, results and logs. Public ids are ULIDs (slug), keys are bigint. Lists are ordered by
-- the key, newest first, so every list index ends in it.

CREATE TABLE installation (
  id              boolean PRIMARY KEY DEFAULT true CHECK (id),
  signing_secret  bytea NOT NULL CHECK (octet_length(signing_secret) >= 32),
  created_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE installation IS 'One row: what all processes of this installation share.';
COMMENT ON COLUMN installation.signing_secret IS 'HMAC key of signed links.';

CREATE TABLE account (
  id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name                   text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$'),
  balance                numeric(20, 6) NOT NULL DEFAULT 0,
  balance_expiration_at  timestamptz,
  created_at             timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN account.name IS 'The owner part of owner~name.';

CREATE TABLE api_key (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  name          text NOT NULL CHECK (name <> ''),
  key_hash      bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
  created_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz,
  revoked_at    timestamptz
);
COMMENT ON COLUMN api_key.key_hash IS 'SHA-256 of the key; the key itself is stored nowhere.';
CREATE INDEX api_key_account ON api_key (account_id, id);

CREATE TABLE worker (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug                text NOT NULL UNIQUE CHECK (slug ~ '^[0-9A-HJKMNP-TV-Z]{26}$'),
  account_id          bigint NOT NULL REFERENCES account,
  name                text NOT NULL CHECK (name <> '' AND name !~ '[/~]'),
  title               text NOT NULL,
  description         text NOT NULL DEFAULT '',
  category            integer,
  icon_key            text,
  is_public           boolean NOT NULL DEFAULT false,
  current_version_id  bigint,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, name)
);
COMMENT ON COLUMN worker.is_public IS 'Listed in the store, and visible to every account.';
CREATE INDEX worker_account ON worker (account_id, id DESC);
CREATE INDEX worker_store ON worker (id DESC) WHERE is_public;

CREATE TABLE worker_version (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  worker_id      bigint NOT NULL REFERENCES worker ON DELETE CASCADE,
  version        text NOT NULL CHECK (version ~ '^v[0-9]+\.[0-9]+\.[0-9]+$'),
  package_hash   text NOT NULL CHECK (package_hash ~ '^[0-9a-f]{64}$'),
  language       text NOT NULL CHECK (language IN ('node', 'python', 'go')),
  entry          text NOT NULL,
  input_schema   text NOT NULL,
  output_schema  text,
  readme         text NOT NULL DEFAULT '',
  warnings       jsonb NOT NULL DEFAULT '[]',
  created_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (worker_id, version)
);
COMMENT ON COLUMN worker_version.package_hash IS 'Content hash of the unpacked package, and its key in storage.';
COMMENT ON COLUMN worker_version.input_schema IS 'input_schema.json verbatim.';
ALTER TABLE worker ADD FOREIGN KEY (current_version_id) REFERENCES worker_version;

CREATE TABLE run (
  id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug               text NOT NULL UNIQUE CHECK (slug ~ '^[0-9A-HJKMNP-TV-Z]{26}$'),
  account_id         bigint NOT NULL REFERENCES account,
  worker_id          bigint NOT NULL REFERENCES worker,
  worker_version_id  bigint NOT NULL REFERENCES worker_version,
  status             text NOT NULL CHECK (status IN ('ready', 'running', 'succeeded', 'failed', 'aborting')),
  origin             text NOT NULL CHECK (origin IN ('api_v2', 'console', 'schedule', 'task', 'mcp', 'cli')),
  input              json NOT NULL,
  system             jsonb NOT NULL,
  callback_url       text,
  day                date NOT NULL,
  result_count       bigint NOT NULL DEFAULT 0 CHECK (result_count >= 0),
  usage              numeric(20, 6) NOT NULL DEFAULT 0,
  traffic_bytes      bigint NOT NULL DEFAULT 0,
  err_msg            text NOT NULL DEFAULT '',
  subtask_count      integer NOT NULL CHECK (subtask_count > 0),
  subtasks_finished  integer NOT NULL DEFAULT 0 CHECK (subtasks_finished <= subtask_count),
  subtasks_failed    integer NOT NULL DEFAULT 0 CHECK (subtasks_failed <= subtasks_finished),
  created_at         timestamptz NOT NULL DEFAULT now(),
  started_at         timestamptz,
  finished_at        timestamptz,
  CHECK ((status IN ('succeeded', 'failed')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 80);
COMMENT ON COLUMN run.input IS 'The input value of the request, verbatim: what a rerun starts from.';
COMMENT ON COLUMN run.system IS 'The system parameters in force: memory, time and the other limits.';
COMMENT ON COLUMN run.day IS 'Day (UTC) of creation: the partition of its rows and log lines.';
COMMENT ON COLUMN run.result_count IS 'Rows stored; also the next row number, so row numbers are dense from 0.';
CREATE INDEX run_account_worker ON run (account_id, worker_id, id DESC);
CREATE INDEX run_account ON run (account_id, id DESC);
CREATE INDEX run_account_created ON run (account_id, created_at, id);
CREATE INDEX run_unfinished ON run (id) WHERE status IN ('ready', 'running', 'aborting');
CREATE INDEX run_retention ON run (day);

CREATE TABLE runner (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hostname      text NOT NULL,
  process_id    integer NOT NULL,
  slots         integer NOT NULL CHECK (slots > 0),
  started_at    timestamptz NOT NULL DEFAULT now(),
  heartbeat_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE runner IS 'Live runners. heartbeat_at is the lease: a runner whose lease has run out is dead, its row is deleted.';

CREATE TABLE subtask (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id       bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  number       integer NOT NULL CHECK (number > 0),
  status       text NOT NULL CHECK (status IN ('ready', 'running', 'succeeded', 'failed')),
  input        json NOT NULL,
  runner_id    bigint,
  attempt      integer NOT NULL DEFAULT 0,
  exit_code    integer,
  err_msg      text NOT NULL DEFAULT '',
  started_at   timestamptz,
  finished_at  timestamptz,
  UNIQUE (run_id, number),
  CHECK ((status = 'running') = (runner_id IS NOT NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE subtask IS 'The unit of execution, and the queue: a ready row waits for a runner.';
COMMENT ON COLUMN subtask.number IS 'From 1 within its run. Claiming goes by it, so runs take turns.';
CREATE INDEX subtask_ready ON subtask (number, id) WHERE status = 'ready';
CREATE INDEX subtask_running ON subtask (runner_id, id) WHERE status = 'running';

CREATE TABLE result_row (
  day           date NOT NULL,
  run_id        bigint NOT NULL,
  number        bigint NOT NULL,
  subtask       integer NOT NULL,
  data          json NOT NULL,
  upsert_key    text,
  upsert_value  text,
  PRIMARY KEY (day, run_id, number),
  CHECK ((upsert_key IS NULL) = (upsert_value IS NULL))
) PARTITION BY RANGE (day);
COMMENT ON TABLE result_row IS 'Rows of results, one partition a day of run.day: retention drops partitions.';
CREATE INDEX result_row_upsert ON result_row (day, run_id, upsert_key, md5(upsert_value))
  WHERE upsert_key IS NOT NULL;
CREATE TABLE result_row_default PARTITION OF result_row DEFAULT;

CREATE TABLE result_header (
  run_id      bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  subtask     integer NOT NULL,
  first_seen  bigint GENERATED ALWAYS AS IDENTITY,
  headers     text NOT NULL,
  PRIMARY KEY (run_id, subtask)
);
COMMENT ON TABLE result_header IS 'The table header each subtask declared last: a JSON array of {key, label, format}.';

CREATE TABLE result_column (
  run_id      bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  key         text NOT NULL,
  first_seen  bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (run_id, key)
);
COMMENT ON TABLE result_column IS 'Keys that occur in the rows of a run, in the order of first arrival.';

CREATE TABLE log_line (
  day        date NOT NULL,
  run_id     bigint NOT NULL,
  id         bigint GENERATED ALWAYS AS IDENTITY,
  subtask    integer NOT NULL,
  type       smallint NOT NULL CHECK (type BETWEEN 1 AND 4),
  content    text NOT NULL,
  logged_at  timestamptz NOT NULL,
  PRIMARY KEY (day, run_id, id)
) PARTITION BY RANGE (day);
COMMENT ON COLUMN log_line.type IS '1 debug, 2 info, 3 warn, 4 error.';
CREATE TABLE log_line_default PARTITION OF log_line DEFAULT;
