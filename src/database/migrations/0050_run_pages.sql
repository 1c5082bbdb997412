-- What the page of a run shows: lines of the log by their number, rows by subtask, the progress of an export.

-- Lines are numbered within their run, so that a window anywhere in a long log is a range of the primary key.
ALTER TABLE log_line ALTER COLUMN id DROP IDENTITY;
-- By way of negative numbers, which meet none that is still to be changed.
UPDATE log_line SET id = -numbered.number
  FROM (SELECT day, run_id, id, row_number() OVER (PARTITION BY day, run_id ORDER BY id) AS number FROM log_line) AS numbered
  WHERE log_line.day = numbered.day AND log_line.run_id = numbered.run_id AND log_line.id = numbered.id;
UPDATE log_line SET id = -id;
COMMENT ON COLUMN log_line.id IS 'From 1 within its run, dense, in the order of arrival.';

CREATE TABLE run_log (
  run_id       bigint PRIMARY KEY REFERENCES run ON DELETE CASCADE,
  debug_lines  bigint NOT NULL,
  info_lines   bigint NOT NULL,
  warn_lines   bigint NOT NULL,
  error_lines  bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE run_log IS 'Lines of a run''s log by type. Their sum is the number of its last line; lines are added under the lock of this row.';
INSERT INTO run_log (run_id, debug_lines, info_lines, warn_lines, error_lines)
  SELECT run_id, count(*) FILTER (WHERE type = 1), count(*) FILTER (WHERE type = 2), count(*) FILTER (WHERE type = 3),
         count(*) FILTER (WHERE type = 4)
  FROM log_line JOIN run ON run.id = log_line.run_id GROUP BY run_id;

CREATE TABLE subtask_result (
  run_id     bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  subtask    integer NOT NULL,
  row_count  bigint NOT NULL,
  PRIMARY KEY (run_id, subtask)
) WITH (fillfactor = 50);
COMMENT ON TABLE subtask_result IS 'Rows that each subtask added to its run; written under the lock of the run''s row.';
INSERT INTO subtask_result (run_id, subtask, row_count)
  SELECT run_id, subtask, count(*) FROM result_row JOIN run ON run.id = result_row.run_id GROUP BY run_id, subtask;

ALTER TABLE export ADD COLUMN rows_done bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN export.rows_done IS 'Rows that were read by the one that makes it, told about twice a second.';
