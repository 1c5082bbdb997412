-- The pinned and labeled runs of an account, newest first, and runs by label. Most runs are in none of these.

CREATE INDEX run_account_pinned ON run (account_id, id DESC) WHERE pinned_at IS NOT NULL;
CREATE INDEX run_account_labeled ON run (account_id, id DESC) WHERE labels <> '[]';
CREATE INDEX run_labels ON run USING gin (labels jsonb_path_ops) WHERE labels <> '[]';
