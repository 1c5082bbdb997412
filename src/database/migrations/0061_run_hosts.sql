-- Hosts that the subtasks of a run connected to, or were refused.

CREATE TABLE run_host (
  run_id          bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  subtask         integer NOT NULL CHECK (subtask >= 0),
  host            text COLLATE "C" NOT NULL CHECK (length(host) <= 253),
  port            integer NOT NULL CHECK (port BETWEEN 0 AND 65535),
  outcome         text NOT NULL CHECK (outcome IN ('connected', 'private_address', 'not_allowed', 'port_not_listed',
                    'name_not_found', 'connection_refused', 'unreachable', 'no_answer', 'upstream_failed',
                    'connection_limit', 'host_limit', 'traffic_limit', 'malformed_target')),
  connections     bigint NOT NULL CHECK (connections >= 0),
  sent_bytes      bigint NOT NULL CHECK (sent_bytes >= 0),
  received_bytes  bigint NOT NULL CHECK (received_bytes >= 0),
  first_at        timestamptz NOT NULL,
  last_at         timestamptz NOT NULL,
  PRIMARY KEY (run_id, subtask, host, port, outcome)
) WITH (fillfactor = 80);
COMMENT ON TABLE run_host IS 'Connections of the subtasks of a run, summed by host, port and outcome. Runners add to it about once a second.';
COMMENT ON COLUMN run_host.subtask IS 'Number of the subtask; 0 sums the subtasks beyond the limit of rows per run.';
COMMENT ON COLUMN run_host.host IS 'Name as the worker gave it, in lower-case ASCII, or address if it gave none; empty sums the hosts beyond the limit.';
COMMENT ON COLUMN run_host.outcome IS 'connected, or why the connections were refused.';
