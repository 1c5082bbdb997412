-- A start that is repeated under the same key finds the run of the first one.

ALTER TABLE run
  ADD COLUMN idempotency_key   text CHECK (idempotency_key <> ''),
  ADD COLUMN idempotency_hash  bytea,
  ADD CHECK ((idempotency_key IS NULL) = (idempotency_hash IS NULL));
COMMENT ON COLUMN run.idempotency_key IS 'Idempotency-Key of the request that started it; good for as long as the run is kept.';
COMMENT ON COLUMN run.idempotency_hash IS 'SHA-256 of that request: the same key with another request is an error.';
CREATE UNIQUE INDEX run_idempotency ON run (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
