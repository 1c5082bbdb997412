-- What a runner is, for the operator.

ALTER TABLE runner
  ADD COLUMN version text NOT NULL DEFAULT '',
  ADD COLUMN node_version text NOT NULL DEFAULT '',
  ADD COLUMN sandbox text NOT NULL DEFAULT '';
COMMENT ON COLUMN runner.version IS 'Of Chela.';
COMMENT ON COLUMN runner.sandbox IS 'Kind of sandbox that it executes subtasks in.';
