-- Limits on connections to a host, across runs and runners.

CREATE TABLE host_turn (
  account_id  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  host        text COLLATE "C" NOT NULL,
  next_at     timestamptz NOT NULL,
  PRIMARY KEY (account_id, host)
);
COMMENT ON TABLE host_turn IS 'Hosts that an account connects to, while connections to one host are limited. A runner locks the row of a host to grant connections.';
COMMENT ON COLUMN host_turn.next_at IS 'When the next connection may begin.';

CREATE TABLE host_lease (
  account_id   bigint NOT NULL,
  host         text COLLATE "C" NOT NULL,
  runner_id    bigint NOT NULL REFERENCES runner ON DELETE CASCADE,
  connections  integer NOT NULL CHECK (connections >= 0),
  PRIMARY KEY (account_id, host, runner_id)
);
COMMENT ON TABLE host_lease IS 'Connections to a host that each runner was granted and has not returned. They end with the lease of the runner.';
CREATE INDEX host_lease_runner ON host_lease (runner_id);
