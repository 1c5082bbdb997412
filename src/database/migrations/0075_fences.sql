-- Runners that were considered lost, or replaced, store nothing more.

ALTER TABLE run ADD COLUMN fence integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN run.fence IS 'Raised, under the lock of this row, whenever a running subtask is taken from its runner. What runners store for the run names it.';
ALTER TABLE run_log ADD COLUMN fence integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN run_log.fence IS 'The same as run.fence, so that adding lines needs no lock on the run. Without a row it is 0.';
COMMENT ON COLUMN subtask.attempt IS 'Raised by each claim. Together with the key it identifies a claim, which lasts while the subtask is running.';
