-- Pinned, labeled and deleted runs.

ALTER TABLE run
  ADD COLUMN pinned_at timestamptz,
  ADD COLUMN labels jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(labels) = 'array');
COMMENT ON COLUMN run.pinned_at IS 'Retention keeps the run as long as this is set.';
COMMENT ON COLUMN run.labels IS 'Texts chosen by the account, in its order.';

ALTER TABLE queue_item ADD COLUMN labels jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(labels) = 'array');
COMMENT ON COLUMN queue_item.labels IS 'Labels of the run when it is activated.';

CREATE TABLE removed_run (
  run_id  bigint PRIMARY KEY,
  day     date NOT NULL
);
COMMENT ON TABLE removed_run IS 'Deleted runs whose rows and log lines may still be stored. Entered by the transaction that deletes the run.';
CREATE INDEX removed_run_day ON removed_run (day);
