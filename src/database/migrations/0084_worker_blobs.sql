-- Packages and icons in storage, so that they can be removed once nothing refers to them.

CREATE TABLE worker_blob (
  key         text PRIMARY KEY,
  claimed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE worker_blob IS 'Its row is locked while a blob is removed, so that a new upload of the same content waits and stores it again.';
COMMENT ON COLUMN worker_blob.claimed_at IS 'When it was last uploaded, published, or given up by a worker.';

INSERT INTO worker_blob (key)
  SELECT DISTINCT 'packages/' || left(package_hash, 2) || '/' || package_hash || '.zip' FROM worker_version
  UNION SELECT icon_key FROM worker WHERE icon_key IS NOT NULL;

CREATE INDEX worker_version_package ON worker_version (package_hash);
CREATE INDEX worker_icon ON worker (icon_key) WHERE icon_key IS NOT NULL;
