-- Exports: files of a run's rows, made once for each wish and kept for a while.

CREATE TABLE export (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug           text NOT NULL UNIQUE CHECK (slug ~ '^[0-9A-HJKMNP-TV-Z]{26}$'),
  run_id         bigint REFERENCES run ON DELETE SET NULL,
  identity       bytea NOT NULL CHECK (length(identity) = 32),
  format         text NOT NULL CHECK (format IN ('csv', 'json', 'jsonl', 'xlsx', 'xls', 'xml', 'html', 'rss')),
  columns        json NOT NULL,
  is_filtered    boolean NOT NULL,
  row_count      bigint NOT NULL CHECK (row_count >= 0),
  file_name      text NOT NULL CHECK (file_name <> ''),
  state          text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'ready', 'failed')),
  size_bytes     bigint CHECK (size_bytes >= 0),
  error_key      text NOT NULL DEFAULT '',
  error_message  text NOT NULL DEFAULT '',
  asked_at       timestamptz NOT NULL DEFAULT now(),
  queued_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, identity),
  CHECK ((state = 'ready') = (size_bytes IS NOT NULL)),
  CHECK ((state = 'failed') = (error_key <> ''))
);
COMMENT ON TABLE export IS 'A file of the first row_count rows of a run; the storage has it under exports/SLUG.EXTENSION.';
COMMENT ON COLUMN export.run_id IS 'NULL once the run was removed; then the file goes too.';
COMMENT ON COLUMN export.identity IS 'SHA-256 of all that decides what is in the file: the same wish gets the same file.';
COMMENT ON COLUMN export.columns IS 'The columns in their order: a JSON array of {key, label, format}.';
COMMENT ON COLUMN export.asked_at IS 'When it was last asked for: its age.';
CREATE INDEX export_age ON export (asked_at, id);
CREATE INDEX export_without_run ON export (id) WHERE run_id IS NULL;
CREATE INDEX export_queued ON export (run_id) WHERE state = 'queued';
