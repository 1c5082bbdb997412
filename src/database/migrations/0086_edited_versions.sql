-- Whether the files of a version were written in an editor rather than uploaded.
ALTER TABLE worker_version ADD COLUMN is_edited boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN worker_version.is_edited IS 'Whether the version was published from files that were edited, such as in the console.';
