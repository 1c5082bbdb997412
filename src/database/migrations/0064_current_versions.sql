-- A version becomes current once its dependencies are installed.

ALTER TABLE worker_version ADD COLUMN becomes_current boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN worker_version.becomes_current IS 'Whether the version becomes the current one of its worker as soon as its dependencies are installed.';
