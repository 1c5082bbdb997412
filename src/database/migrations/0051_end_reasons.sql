-- Why subtasks and runs ended, as data beside the sentence in err_msg, and the first line of the worker's own error.

-- A constant default gives the rows that are there a value without rewriting them; most of them succeeded. Those that did not
-- are changed by the next file, without the lock that this one takes.
ALTER TABLE subtask
  ADD COLUMN end_reason      text DEFAULT 'succeeded',
  ADD COLUMN end_detail      jsonb DEFAULT '{}',
  ADD COLUMN error_headline  text NOT NULL DEFAULT '';
ALTER TABLE subtask ALTER COLUMN end_reason DROP DEFAULT, ALTER COLUMN end_detail DROP DEFAULT;
UPDATE subtask SET end_reason = NULL, end_detail = NULL WHERE status = 'ready' OR status = 'running';
ALTER TABLE subtask
  ADD CONSTRAINT subtask_end_reason CHECK (end_reason IN ('succeeded', 'aborted', 'limit', 'exit', 'signal', 'lost',
    'stopped', 'preparation', 'dependencies', 'internal')) NOT VALID,
  ADD CONSTRAINT subtask_end CHECK (end_reason IS NULL OR (end_detail IS NOT NULL AND finished_at IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT subtask_error_headline CHECK (length(error_headline) <= 300) NOT VALID;
COMMENT ON COLUMN subtask.end_reason IS 'Why it ended; docs/run-lifecycle.md explains each. NULL until then, and where the text of an older row tells none.';
COMMENT ON COLUMN subtask.end_detail IS 'What belongs to the reason: the limit and its value, the exit code, the signal, ...';
COMMENT ON COLUMN subtask.error_headline IS 'First line of the error that the worker wrote on its standard error; empty where there is none.';

ALTER TABLE run
  ADD COLUMN end_reason      text DEFAULT 'succeeded',
  ADD COLUMN end_detail      jsonb DEFAULT '{}',
  ADD COLUMN error_headline  text NOT NULL DEFAULT '';
ALTER TABLE run ALTER COLUMN end_reason DROP DEFAULT, ALTER COLUMN end_detail DROP DEFAULT;
UPDATE run SET end_reason = NULL, end_detail = NULL WHERE status IN ('ready', 'running', 'aborting');
ALTER TABLE run
  ADD CONSTRAINT run_end_reason CHECK (end_reason IN ('succeeded', 'aborted', 'limit', 'exit', 'signal', 'lost', 'stopped',
    'preparation', 'dependencies', 'internal', 'partly_failed')) NOT VALID,
  ADD CONSTRAINT run_end CHECK (end_reason IS NULL OR (end_detail IS NOT NULL AND finished_at IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT run_error_headline CHECK (length(error_headline) <= 300) NOT VALID;
COMMENT ON COLUMN run.end_reason IS 'Why it ended: as its first failed subtask, or succeeded, aborted, partly_failed. NULL until then.';
COMMENT ON COLUMN run.end_detail IS 'The detail of its first failed subtask, and for a split run which one that is and how many failed.';
COMMENT ON COLUMN run.error_headline IS 'That of its first failed subtask.';
