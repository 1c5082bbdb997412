-- Most subtasks of a run at a time, turns between the runs of an account, processor time.

ALTER TABLE run ADD COLUMN concurrency integer NOT NULL DEFAULT 0 CHECK (concurrency >= 0);
COMMENT ON COLUMN run.concurrency IS 'Most of its subtasks that run at a time, all runners together; 0 is no limit.';

ALTER TABLE subtask
  ADD COLUMN turn bigint NOT NULL DEFAULT 0,
  ADD COLUMN is_held boolean NOT NULL DEFAULT false,
  ADD COLUMN cpu_seconds numeric(20, 6) CHECK (cpu_seconds >= 0);
UPDATE subtask SET turn = number WHERE status IN ('ready', 'running');
COMMENT ON COLUMN subtask.turn IS
  'Order within the account. The first subtask of a run has the turn that was on when the run was submitted, the next ones count on.';
COMMENT ON COLUMN subtask.is_held IS
  'Not in the queue yet, since as many of its run are as may run at a time. Each that ends puts the next one in.';
COMMENT ON COLUMN subtask.cpu_seconds IS 'Processor time of all its processes; NULL where it is not known.';

DROP INDEX subtask_ready;
CREATE INDEX subtask_ready ON subtask (account_id, turn, id) WHERE status = 'ready' AND NOT is_held;
CREATE INDEX subtask_held ON subtask (run_id, number) WHERE status = 'ready' AND is_held;

ALTER TABLE usage_entry DROP CONSTRAINT usage_entry_kind_check;
ALTER TABLE usage_entry ADD CONSTRAINT usage_entry_kind_check CHECK (kind IN ('result', 'memory', 'cpu', 'traffic'));
COMMENT ON COLUMN usage_entry.quantity IS
  'result: rows; memory: GB-hours, 1 GB being 1024 MB; cpu: hours of processor time; traffic: GB, 10^9 bytes.';
