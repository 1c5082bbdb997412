-- When the account dismissed the first steps that the console shows.
ALTER TABLE account ADD COLUMN first_steps_dismissed_at timestamptz;
COMMENT ON COLUMN account.first_steps_dismissed_at IS 'When the first steps of the console were dismissed; null while they are shown until all are done.';
