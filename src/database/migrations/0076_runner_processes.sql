-- Which process a runner is, so that another one on its machine knows when it is dead.

ALTER TABLE runner
  ADD COLUMN machine text NOT NULL DEFAULT '',
  ADD COLUMN process text NOT NULL DEFAULT '';
COMMENT ON COLUMN runner.machine IS 'Boot of the machine and its namespace of process ids; empty if unknown.';
COMMENT ON COLUMN runner.process IS 'Process id and start time, in ticks since the boot.';
