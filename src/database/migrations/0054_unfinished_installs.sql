-- Installations that brought their runner down.

CREATE TABLE unfinished_install (
  id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  worker_version_id  bigint NOT NULL REFERENCES worker_version ON DELETE CASCADE,
  runner_id          bigint NOT NULL,
  begun_at           timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE unfinished_install IS 'Installations of a version''s dependencies that were begun and not ended. Each is removed when it ends, however it ends: one whose runner is gone was under way when that died.';
CREATE INDEX unfinished_install_version ON unfinished_install (worker_version_id);
