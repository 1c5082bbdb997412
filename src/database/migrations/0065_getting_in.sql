-- Disabled accounts, links sent by mail, and where sessions come from.

ALTER TABLE account ADD COLUMN disabled_at timestamptz;
COMMENT ON COLUMN account.disabled_at IS 'Since then nobody can sign in, its keys are refused, and it starts no runs.';

ALTER TABLE setup_link ADD COLUMN mailed_at timestamptz;
COMMENT ON COLUMN setup_link.mailed_at IS 'When a link of the account was last sent by mail, because somebody asked for it without signing in.';

ALTER TABLE session
  ADD COLUMN slug text NOT NULL DEFAULT gen_random_uuid()::text UNIQUE,
  ADD COLUMN user_agent text NOT NULL DEFAULT '',
  ADD COLUMN address text NOT NULL DEFAULT '';
COMMENT ON COLUMN session.slug IS 'Identifies the session in the API; it does not give access.';
COMMENT ON COLUMN session.user_agent IS 'As the browser named itself at sign-in.';
COMMENT ON COLUMN session.address IS 'Address that signed in, that of the reverse proxy if there is one.';
COMMENT ON COLUMN session.last_used_at IS 'About once a minute while it is used, and expires_at with it.';
