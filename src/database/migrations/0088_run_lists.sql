-- Lists of runs are as quick with a million runs as with ten thousand: runs are counted as they change, and each sort has
-- an index.

CREATE TABLE run_count (
  account_id bigint NOT NULL,
  day        date NOT NULL,
  worker_id  bigint NOT NULL,
  task_id    bigint NOT NULL,
  status     text NOT NULL,
  origin     text NOT NULL,
  runs       bigint NOT NULL,
  PRIMARY KEY (account_id, day, worker_id, task_id, status, origin)
);
COMMENT ON TABLE run_count IS 'Numbers of runs. To these belong the changes in run_count_change that have not been added yet.';
COMMENT ON COLUMN run_count.day IS 'Day (UTC) of created_at.';
COMMENT ON COLUMN run_count.task_id IS '0 for runs without a task.';

CREATE TABLE run_count_change (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  day        date NOT NULL,
  worker_id  bigint NOT NULL,
  task_id    bigint NOT NULL,
  status     text NOT NULL,
  origin     text NOT NULL,
  difference bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE run_count_change IS 'Changes of run_count. Inserted by triggers, so that no transaction waits for the count of another.';

CREATE FUNCTION note_run_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO run_count_change (account_id, day, worker_id, task_id, status, origin, difference)
  SELECT account_id, (created_at AT TIME ZONE 'UTC')::date, worker_id, coalesce(task_id, 0), status, origin,
    CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
  FROM changed GROUP BY 1, 2, 3, 4, 5, 6;
  RETURN NULL;
END $$;
CREATE TRIGGER count_added AFTER INSERT ON run REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_run_counts();
CREATE TRIGGER count_deleted AFTER DELETE ON run REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION note_run_counts();

CREATE FUNCTION note_changed_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO run_count_change (account_id, day, worker_id, task_id, status, origin, difference) VALUES
    (OLD.account_id, (OLD.created_at AT TIME ZONE 'UTC')::date, OLD.worker_id, coalesce(OLD.task_id, 0), OLD.status, OLD.origin, -1),
    (NEW.account_id, (NEW.created_at AT TIME ZONE 'UTC')::date, NEW.worker_id, coalesce(NEW.task_id, 0), NEW.status, NEW.origin, 1);
  RETURN NULL;
END $$;
CREATE TRIGGER count_changed AFTER UPDATE OF account_id, created_at, worker_id, task_id, status, origin ON run
  FOR EACH ROW WHEN ((OLD.account_id, OLD.created_at, OLD.worker_id, OLD.task_id, OLD.status, OLD.origin)
    IS DISTINCT FROM (NEW.account_id, NEW.created_at, NEW.worker_id, NEW.task_id, NEW.status, NEW.origin))
  EXECUTE FUNCTION note_changed_run();

INSERT INTO run_count (account_id, day, worker_id, task_id, status, origin, runs)
SELECT account_id, (created_at AT TIME ZONE 'UTC')::date, worker_id, coalesce(task_id, 0), status, origin, count(*)
FROM run GROUP BY 1, 2, 3, 4, 5, 6;

-- Indexed columns must not change while rows are stored, so the figures of ended runs have columns of their own.
ALTER TABLE run
  ADD COLUMN ended_results bigint,
  ADD COLUMN ended_traffic bigint,
  ADD COLUMN ended_usage numeric(20, 6),
  ADD COLUMN ended_milliseconds bigint;
COMMENT ON COLUMN run.ended_results IS 'result_count once the run has ended, for lists sorted by it; the other ended_ columns likewise.';
COMMENT ON COLUMN run.ended_milliseconds IS 'From start to end; null for a run that never started.';

UPDATE run SET ended_results = result_count, ended_traffic = traffic_bytes, ended_usage = usage,
  ended_milliseconds = extract(epoch FROM finished_at - started_at) * 1000
WHERE finished_at IS NOT NULL;

CREATE FUNCTION note_ended_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.ended_results = NEW.result_count;
  NEW.ended_traffic = NEW.traffic_bytes;
  NEW.ended_usage = NEW.usage;
  NEW.ended_milliseconds = extract(epoch FROM NEW.finished_at - NEW.started_at) * 1000;
  RETURN NEW;
END $$;
CREATE TRIGGER note_inserted_end BEFORE INSERT ON run FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL)
  EXECUTE FUNCTION note_ended_run();
CREATE TRIGGER note_end BEFORE UPDATE OF started_at, finished_at, traffic_bytes, usage ON run
  FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION note_ended_run();

CREATE INDEX run_worker_created ON run (account_id, worker_id, created_at DESC, id DESC);
CREATE INDEX run_status_created ON run (account_id, status, created_at DESC, id DESC);
CREATE INDEX run_origin_created ON run (account_id, origin, created_at DESC, id DESC);
CREATE INDEX run_task_created ON run (task_id, created_at DESC, id DESC) WHERE task_id IS NOT NULL;
DROP INDEX run_account_failed;
CREATE INDEX run_end_reason_created ON run (account_id, end_reason, created_at DESC, id DESC) WHERE end_reason <> 'succeeded';
DROP INDEX run_account_end_reason;
CREATE INDEX run_pinned_created ON run (account_id, created_at DESC, id DESC) WHERE pinned_at IS NOT NULL;
DROP INDEX run_account_pinned;
CREATE INDEX run_labeled_created ON run (account_id, created_at DESC, id DESC) WHERE labels <> '[]';
DROP INDEX run_account_labeled;

CREATE INDEX run_started ON run (account_id, started_at, id) WHERE started_at IS NOT NULL;
CREATE INDEX run_not_started ON run (account_id, id) WHERE started_at IS NULL;
CREATE INDEX run_not_ended ON run (account_id, id) WHERE finished_at IS NULL;
CREATE INDEX run_ended_results ON run (account_id, ended_results, id) WHERE ended_results IS NOT NULL;
CREATE INDEX run_ended_traffic ON run (account_id, ended_traffic, id) WHERE ended_traffic IS NOT NULL;
CREATE INDEX run_ended_usage ON run (account_id, ended_usage, id) WHERE ended_usage IS NOT NULL;
CREATE INDEX run_ended_milliseconds ON run (account_id, ended_milliseconds, id) WHERE ended_milliseconds IS NOT NULL;
