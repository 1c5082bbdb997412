-- Files of runs. The row exists before its blob is written and until the blob is removed, so no blob is unknown.

CREATE TABLE run_file (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug        text NOT NULL UNIQUE CHECK (slug ~ '^[0-9A-HJKMNP-TV-Z]{26}$'),
  run_id      bigint REFERENCES run ON DELETE SET NULL,
  subtask     integer NOT NULL CHECK (subtask > 0),
  name        text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 1024),
  media_type  text NOT NULL CHECK (media_type <> ''),
  state       text NOT NULL DEFAULT 'writing' CHECK (state IN ('writing', 'kept', 'discarded')),
  size_bytes  bigint CHECK (size_bytes >= 0),
  sha256      bytea CHECK (octet_length(sha256) = 32),
  begun_at    timestamptz NOT NULL DEFAULT now(),
  kept_at     timestamptz,
  CHECK (state <> 'kept' OR (size_bytes IS NOT NULL AND sha256 IS NOT NULL AND kept_at IS NOT NULL))
);
COMMENT ON TABLE run_file IS 'Files that workers keep. The storage has the content under files/LAST TWO LETTERS OF SLUG/SLUG.';
COMMENT ON COLUMN run_file.run_id IS 'NULL once the run was removed; then the file is removed too.';
COMMENT ON COLUMN run_file.state IS 'writing: its content arrives; kept: it is a file of the run; discarded: replaced, deleted or never complete.';
CREATE UNIQUE INDEX run_file_name ON run_file (run_id, name) WHERE state = 'kept';
CREATE INDEX run_file_run ON run_file (run_id, state) INCLUDE (size_bytes);
CREATE INDEX run_file_garbage ON run_file (begun_at) WHERE state <> 'kept' OR run_id IS NULL;
