-- The newest runs of an account that ended in a certain way, however many others it has. Most succeed and are not in it.

CREATE INDEX run_account_end_reason ON run (account_id, end_reason, id DESC) WHERE end_reason <> 'succeeded';
