-- Hosts that the runs of a worker may connect to.

ALTER TABLE worker ADD COLUMN allowed_hosts jsonb CHECK (jsonb_typeof(allowed_hosts) = 'array');
COMMENT ON COLUMN worker.allowed_hosts IS 'Names, *.names, addresses and ranges, each optionally with a port; NULL allows every host.';
ALTER TABLE worker_version ADD COLUMN declared_hosts jsonb CHECK (jsonb_typeof(declared_hosts) = 'array');
COMMENT ON COLUMN worker_version.declared_hosts IS 'The hosts of network.json, which the owner can accept; NULL if the package has none.';
