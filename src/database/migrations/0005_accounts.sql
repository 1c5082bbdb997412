-- Who may do what and what it costs: administrators, plans, use of keys, usage, set-up links and the audit log.

ALTER TABLE account
  ADD COLUMN email          text CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  ADD COLUMN password_hash  text CHECK (password_hash <> ''),
  ADD COLUMN is_admin       boolean NOT NULL DEFAULT false,
  ADD COLUMN plan           text CHECK (plan <> ''),
  -- Wide enough that no price of the configuration can overflow it.
  ALTER COLUMN balance TYPE numeric(30, 6);
COMMENT ON COLUMN account.password_hash IS 'scrypt with its parameters and salt; NULL is no sign-in by password.';
COMMENT ON COLUMN account.plan IS 'A plan of the configuration; NULL is the default one.';
UPDATE account SET is_admin = true WHERE name = 'admin';
CREATE UNIQUE INDEX account_email ON account (lower(email));

ALTER TABLE api_key ADD COLUMN slug text, ADD COLUMN last_used_at timestamptz;
UPDATE api_key SET slug = '0' || upper(substr(md5(id::text || encode(key_hash, 'hex')), 1, 25));
ALTER TABLE api_key
  ALTER COLUMN slug SET NOT NULL,
  ADD UNIQUE (slug),
  ADD CHECK (slug ~ '^[0-9A-HJKMNP-TV-Z]{26}$');
COMMENT ON COLUMN api_key.last_used_at IS 'About once a minute while the key is used.';

ALTER TABLE run ALTER COLUMN usage TYPE numeric(30, 6);
COMMENT ON COLUMN run.usage IS 'The sum of the amounts of its usage entries.';
ALTER TABLE subtask ADD COLUMN worked_from timestamptz;
COMMENT ON COLUMN subtask.worked_from IS 'When its worker began, after all preparations; recorded only where memory may have a price.';
-- Plans count these.
CREATE INDEX run_account_active ON run (account_id) WHERE status IN ('ready', 'running');

CREATE TABLE usage_entry (
  run_id      bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  kind        text NOT NULL CHECK (kind IN ('result', 'memory', 'traffic')),
  unit_price  numeric NOT NULL CHECK (unit_price >= 0),
  quantity    numeric(30, 12) NOT NULL CHECK (quantity > 0),
  amount      numeric(30, 6) NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (run_id, kind, unit_price),
  CHECK (amount = round(quantity * unit_price, 6))
);
COMMENT ON TABLE usage_entry IS 'What a run used, priced when it was metered. A further entry of a kind means that the price changed meanwhile.';
COMMENT ON COLUMN usage_entry.quantity IS 'result: rows; memory: GB-hours, 1 GB being 1024 MB; traffic: GB, 10^9 bytes.';

CREATE TABLE setup_link (
  account_id  bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE,
  token_hash  bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  used_at     timestamptz
);
COMMENT ON TABLE setup_link IS 'The one link of an account that sets its e-mail address and password.';
COMMENT ON COLUMN setup_link.token_hash IS 'SHA-256 of the token; the token itself is stored nowhere.';

CREATE TABLE audit_entry (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at                timestamptz NOT NULL DEFAULT now(),
  account_id        bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  actor_account_id  bigint REFERENCES account ON DELETE SET NULL,
  api_key_id        bigint REFERENCES api_key ON DELETE SET NULL,
  action            text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
  subject           text NOT NULL,
  details           jsonb NOT NULL DEFAULT '{}',
  request_id        text NOT NULL DEFAULT ''
);
COMMENT ON TABLE audit_entry IS 'Who did what. Entries are added and, when they are old, removed; never changed.';
COMMENT ON COLUMN audit_entry.account_id IS 'The account it was done to, whose own log shows it.';
COMMENT ON COLUMN audit_entry.actor_account_id IS 'NULL is the platform itself, or its operator at the command line.';
CREATE INDEX audit_entry_account ON audit_entry (account_id, id DESC);
CREATE INDEX audit_entry_at ON audit_entry (at);
