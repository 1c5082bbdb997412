-- Accounts take turns: a subtask knows its account, and the queue is ordered within each.

ALTER TABLE subtask ADD COLUMN account_id bigint;
UPDATE subtask SET account_id = run.account_id FROM run WHERE run.id = subtask.run_id;
ALTER TABLE subtask ALTER COLUMN account_id SET NOT NULL;
COMMENT ON COLUMN subtask.account_id IS 'That of its run, so that the queue can be read by account.';
DROP INDEX subtask_ready;
CREATE INDEX subtask_ready ON subtask (account_id, number, id) WHERE status = 'ready';
