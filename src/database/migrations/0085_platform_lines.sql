-- Lines of the platform are marked, since a worker can print lines that look like them.

ALTER TABLE log_line ADD COLUMN is_platform boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN log_line.is_platform IS 'Written by Chela, not by the worker. Lines stored before this column existed count as the worker''s.';
