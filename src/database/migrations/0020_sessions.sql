-- Sessions of people who signed in by e-mail address and password.

CREATE TABLE session (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  token_hash    bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  created_at    timestamptz NOT NULL DEFAULT now(),
  last_used_at  timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);
COMMENT ON TABLE session IS 'A browser that an account signed in with. A session that was ended is deleted.';
COMMENT ON COLUMN session.token_hash IS 'SHA-256 of the token in the cookie; the token itself is stored nowhere.';
COMMENT ON COLUMN session.last_used_at IS 'About once an hour while it is used, and expires_at with it.';
