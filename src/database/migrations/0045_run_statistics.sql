-- Figures of runs that have ended, added up by time: charts read these instead of the runs, which retention removes.

CREATE TABLE ended_run (
  run_id  bigint PRIMARY KEY
);
COMMENT ON TABLE ended_run IS 'Runs that have ended and are not in the statistics yet. Entered by the transaction that ends the run.';

CREATE TABLE run_statistic (
  account_id       bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  span             text NOT NULL CHECK (span IN ('quarter', 'day')),
  worker_id        bigint NOT NULL,
  at               timestamptz NOT NULL,
  succeeded        bigint NOT NULL,
  failed           bigint NOT NULL,
  aborted          bigint NOT NULL,
  results          bigint NOT NULL,
  traffic_bytes    bigint NOT NULL,
  memory_quantity  numeric(30, 12) NOT NULL,
  usage            numeric(30, 6) NOT NULL,
  result_amount    numeric(30, 6) NOT NULL,
  memory_amount    numeric(30, 6) NOT NULL,
  traffic_amount   numeric(30, 6) NOT NULL,
  PRIMARY KEY (account_id, span, worker_id, at)
) WITH (fillfactor = 80);
COMMENT ON TABLE run_statistic IS 'Every run counts three times: by quarter of an hour for its worker and for all workers, and by day (UTC) for its worker.';
COMMENT ON COLUMN run_statistic.worker_id IS '0 is all workers of the account. No reference: figures outlive workers.';
COMMENT ON COLUMN run_statistic.at IS 'Start of the quarter of an hour or day in which the runs ended.';
COMMENT ON COLUMN run_statistic.memory_quantity IS 'GB-hours that were metered; 0 where nothing had a price.';
COMMENT ON COLUMN run_statistic.usage IS 'What the runs cost in all.';
-- All workers within a time, and retention.
CREATE INDEX run_statistic_at ON run_statistic (account_id, span, at);
CREATE INDEX run_statistic_retention ON run_statistic (at);

CREATE TABLE run_duration (
  account_id  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  span        text NOT NULL CHECK (span IN ('hour', 'day')),
  worker_id   bigint NOT NULL,
  at          timestamptz NOT NULL,
  step        smallint NOT NULL CHECK (step >= 0),
  runs        bigint NOT NULL CHECK (runs > 0),
  PRIMARY KEY (account_id, span, worker_id, at, step)
) WITH (fillfactor = 80);
COMMENT ON TABLE run_duration IS 'How long runs took that ended by themselves: by hour for their worker and for all workers, and by day (UTC) for their worker.';
COMMENT ON COLUMN run_duration.worker_id IS '0 is all workers of the account.';
COMMENT ON COLUMN run_duration.step IS 'Runs that took 0.1 s times 2^(step/4), up to the next step; 0 also has what was quicker.';
CREATE INDEX run_duration_at ON run_duration (account_id, span, at);
CREATE INDEX run_duration_retention ON run_duration (at);

-- What ended before is counted at the next start.
INSERT INTO ended_run (run_id) SELECT id FROM run WHERE finished_at IS NOT NULL;
