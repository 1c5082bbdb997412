-- The newest failed runs of an account, however many others it has.

CREATE INDEX run_account_failed ON run (account_id, id DESC) WHERE status = 'failed';
