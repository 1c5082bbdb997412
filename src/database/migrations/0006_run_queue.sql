-- Runs that are held until somebody activates or releases them.

CREATE TABLE queue_item (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  worker_id     bigint REFERENCES worker ON DELETE SET NULL,
  worker_slug   text NOT NULL,
  version       text NOT NULL,
  input         json NOT NULL,
  callback_url  text,
  status        text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'activated', 'released')),
  reason        text NOT NULL DEFAULT '',
  run_slug      text NOT NULL DEFAULT '',
  created_at    timestamptz NOT NULL DEFAULT now(),
  ended_at      timestamptz,
  CHECK ((status = 'waiting') = (ended_at IS NULL)),
  CHECK ((status = 'activated') = (run_slug <> ''))
);
COMMENT ON COLUMN queue_item.version IS 'The version that was current or asked for when the run was held; it runs that one.';
COMMENT ON COLUMN queue_item.reason IS 'What was said when it was released.';
CREATE INDEX queue_item_waiting ON queue_item (account_id, id DESC) WHERE status = 'waiting';
CREATE INDEX queue_item_inactive ON queue_item (account_id, id DESC) WHERE status <> 'waiting';
CREATE INDEX queue_item_ended ON queue_item (ended_at) WHERE status <> 'waiting';
CREATE INDEX queue_item_worker ON queue_item (worker_id) WHERE worker_id IS NOT NULL;
