-- Where a version comes from, the installation of its dependencies with its log, and workers that are deleted.

ALTER TABLE worker ADD COLUMN deleted_at timestamptz;
COMMENT ON COLUMN worker.deleted_at IS 'Its runs stay, so its row does. The name was freed: it is that of nobody else then.';

ALTER TABLE worker_version
  ADD COLUMN description text NOT NULL DEFAULT '',
  ADD COLUMN package_bytes bigint NOT NULL DEFAULT 0 CHECK (package_bytes >= 0),
  ADD COLUMN git_url text,
  ADD COLUMN git_ref text,
  ADD COLUMN git_folder text,
  ADD COLUMN git_commit text CHECK (git_commit ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
  ADD CHECK (num_nulls(git_url, git_ref, git_folder, git_commit) IN (0, 4));
COMMENT ON COLUMN worker_version.description IS 'What is said about it: the subject of its commit.';
COMMENT ON COLUMN worker_version.package_bytes IS 'Size of the zip; 0 where it was published before this was kept.';
COMMENT ON COLUMN worker_version.git_url IS 'Without credentials.';
COMMENT ON COLUMN worker_version.git_ref IS 'As it was asked for; empty is the default branch.';

CREATE TABLE dependency_install (
  worker_version_id  bigint PRIMARY KEY REFERENCES worker_version ON DELETE CASCADE,
  status             text NOT NULL CHECK (status IN ('none', 'waiting', 'installing', 'installed', 'failed')),
  attempt            integer NOT NULL DEFAULT 0,
  err_msg            text NOT NULL DEFAULT '',
  is_truncated       boolean NOT NULL DEFAULT false,
  started_at         timestamptz,
  finished_at        timestamptz
);
COMMENT ON TABLE dependency_install IS 'The newest installation of a version''s dependencies, on whichever runner.';
COMMENT ON COLUMN dependency_install.attempt IS 'Who began last writes the log: an installation that another one overtook adds no lines.';

CREATE INDEX dependency_install_waiting ON dependency_install (worker_version_id) WHERE status = 'waiting';

CREATE TABLE dependency_install_line (
  worker_version_id  bigint NOT NULL REFERENCES dependency_install ON DELETE CASCADE,
  number             integer NOT NULL CHECK (number > 0),
  content            text NOT NULL,
  logged_at          timestamptz NOT NULL,
  PRIMARY KEY (worker_version_id, number)
);
