-- Reasons of the subtasks and runs that ended before reasons were stored, from their texts. One UPDATE each: it changes only
-- rows of what failed, takes no lock that running work waits for, and is all or nothing.

CREATE FUNCTION pg_temp.told_limit(text text, pattern text, limit_name text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('limit', limit_name, 'value', substring(text FROM pattern)::numeric)
  WHERE text ~ pattern
$$;

CREATE FUNCTION pg_temp.limit_of(text text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(
    pg_temp.told_limit(text, '^stopped at the time limit of ([0-9.]+) s \(execute_limit_time_seconds\)$', 'time'),
    pg_temp.told_limit(text, '^stopped at the memory limit of ([0-9.]+) MB \(memory\)$', 'memory'),
    pg_temp.told_limit(text, '^stopped at the charge limit of ([0-9.]+) \(max_total_charge\)$', 'charge'),
    pg_temp.told_limit(text, '^stopped at the traffic limit of ([0-9.]+) bytes \(max_total_traffic\)$', 'traffic'),
    pg_temp.told_limit(text, '^stopped at the limit of ([0-9.]+) rows of a run \(CHELA_ROW_LIMIT\)$', 'rows'),
    pg_temp.told_limit(text, '^stopped at the disk limit of ([0-9.]+) bytes \(CHELA_SANDBOX_DISK_BYTES\)$', 'disk'),
    pg_temp.told_limit(text, '^stopped at the disk limit of ([0-9.]+) files \(CHELA_SANDBOX_DISK_FILE_LIMIT\)$', 'disk_files'),
    pg_temp.told_limit(text, '^the worker ended with signal SIGXFSZ; .*limit of ([0-9]+) bytes of a file', 'file_size')
  )
$$;

-- What may be why a worker failed that ended by itself.
CREATE FUNCTION pg_temp.circumstances_of(text text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(
    (SELECT jsonb_build_object('suspected_limits', jsonb_agg(told || jsonb_build_object('seen', seen)))
     FROM (VALUES
       ('kernel', pg_temp.told_limit(text, 'it came to the limit of ([0-9]+) processes and threads', 'processes')),
       ('output', CASE WHEN text !~ 'it came to the limit of [0-9]+ processes'
         THEN pg_temp.told_limit(text, '([0-9]+) processes and threads \(CHELA_SANDBOX_PROCESS_LIMIT\)', 'processes') END),
       ('output', pg_temp.told_limit(text, '([0-9]+) open files \(CHELA_SANDBOX_OPEN_FILE_LIMIT\)', 'open_files')),
       ('output', pg_temp.told_limit(text, '([0-9]+) bytes of a file \(CHELA_SANDBOX_FILE_SIZE_BYTES\)', 'file_size')),
       ('output', pg_temp.told_limit(text, '([0-9]+) bytes in /tmp \(CHELA_SANDBOX_TMP_BYTES\)', 'tmp'))
     ) AS limits (seen, told) WHERE told IS NOT NULL HAVING count(*) > 0),
    '{}'
  ) || CASE WHEN text ~ '; the machine had no memory left' THEN '{"machine_out_of_memory": true}'::jsonb ELSE '{}' END
    || CASE WHEN text ~ '; before that a row could not be stored: '
         THEN jsonb_build_object('row_error', left(substring(text FROM '; before that a row could not be stored: (.*)$'), 1000))
         ELSE '{}' END
$$;

CREATE FUNCTION pg_temp.failure_of(text text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('reason', reason, 'detail', detail) FROM (VALUES
    (1, 'aborted', text = 'run aborted by user', '{}'::jsonb),
    (2, 'lost', text = 'the runner that executed it died; start it again by a rerun', '{}'),
    (3, 'stopped', text = 'the runner was stopped while it executed the subtask', '{}'),
    (4, 'limit', true, pg_temp.limit_of(text)),
    (5, 'exit', text ~ '^the worker ended with exit code [0-9]{1,9}(;|$)',
      jsonb_build_object('exit_code', substring(text FROM '^the worker ended with exit code ([0-9]{1,9})')::integer)
        || pg_temp.circumstances_of(text)),
    (6, 'signal', text ~ '^the worker ended with signal [A-Z0-9]+(;|$)',
      jsonb_build_object('signal', substring(text FROM '^the worker ended with signal ([A-Z0-9]+)'))
        || pg_temp.circumstances_of(text)),
    (7, 'dependencies', text ~ '^could not be executed: (npm (install|ci)|pip) failed with exit code',
      jsonb_build_object('message', left(substring(text FROM '^could not be executed: (.*)$'), 1000))),
    (8, 'preparation', text LIKE 'could not be executed: %',
      jsonb_build_object('message', left(substring(text FROM '^could not be executed: (.*)$'), 1000))),
    (9, 'internal', text LIKE 'its outcome could not be stored: %', '{"step": "settling"}'),
    (10, 'internal', text LIKE 'could not be ended properly: %',
      jsonb_build_object('step', 'cleanup', 'message', left(substring(text FROM '^could not be ended properly: (.*)$'), 1000)))
  ) AS candidates (place, reason, fits, detail) WHERE fits AND detail IS NOT NULL ORDER BY place LIMIT 1
$$;

-- Many subtasks have the same text: each is read once.
WITH told AS MATERIALIZED (
  SELECT text, pg_temp.failure_of(text) AS failure
  FROM (SELECT DISTINCT err_msg AS text FROM subtask WHERE status = 'failed') AS texts
)
UPDATE subtask SET end_reason = told.failure ->> 'reason', end_detail = coalesce(told.failure -> 'detail', '{}')
  FROM told WHERE status = 'failed' AND err_msg = told.text;

-- As runs that end from now on get theirs: aborted, or as their first failed subtask.
UPDATE run SET end_reason = 'aborted', end_detail = '{}' WHERE status = 'failed' AND err_msg = 'run aborted by user';
UPDATE run SET
    end_reason = CASE WHEN run.status = 'failed' THEN first.end_reason ELSE 'partly_failed' END,
    end_detail = coalesce(first.end_detail, '{}') || CASE WHEN run.subtask_count = 1 THEN '{}'::jsonb
      ELSE jsonb_strip_nulls(jsonb_build_object('subtasks', run.subtask_count, 'failed_subtasks', run.subtasks_failed,
        'subtask', first.number, 'subtask_reason', first.end_reason)) END
  FROM run AS ended CROSS JOIN LATERAL (
    SELECT number, end_reason, end_detail FROM subtask
    WHERE subtask.run_id = ended.id AND subtask.status = 'failed' ORDER BY number LIMIT 1
  ) AS first
  WHERE run.id = ended.id AND ended.finished_at IS NOT NULL AND ended.subtasks_failed > 0
    AND ended.end_reason IS DISTINCT FROM 'aborted';
-- Whatever ended while both files were applied.
UPDATE subtask SET end_reason = 'succeeded', end_detail = '{}' WHERE status = 'succeeded' AND end_reason IS NULL;
UPDATE run SET end_reason = 'succeeded', end_detail = '{}'
  WHERE status = 'succeeded' AND subtasks_failed = 0 AND end_reason IS NULL;

ALTER TABLE subtask VALIDATE CONSTRAINT subtask_end_reason;
ALTER TABLE subtask VALIDATE CONSTRAINT subtask_end;
ALTER TABLE subtask VALIDATE CONSTRAINT subtask_error_headline;
ALTER TABLE run VALIDATE CONSTRAINT run_end_reason;
ALTER TABLE run VALIDATE CONSTRAINT run_end;
ALTER TABLE run VALIDATE CONSTRAINT run_error_headline;
