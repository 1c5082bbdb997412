-- Callback URLs of accounts and tasks, for runs that are started without one.

ALTER TABLE account ADD COLUMN callback_url text CHECK (callback_url <> '');
COMMENT ON COLUMN account.callback_url IS 'Callback URL of runs that are started without one.';

ALTER TABLE task ADD COLUMN callback_url text CHECK (callback_url <> '');
COMMENT ON COLUMN task.callback_url IS 'Callback URL of its runs, instead of that of the account.';
