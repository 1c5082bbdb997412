-- Callbacks: what a run's callback URL is told, in order, and every attempt to tell it.

ALTER TABLE account ADD COLUMN callback_secret text CHECK (callback_secret <> '');
COMMENT ON COLUMN account.callback_secret IS 'HMAC key of the signature of callbacks; without one they are not signed.';

CREATE TABLE callback (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id           bigint NOT NULL REFERENCES run ON DELETE CASCADE,
  number           integer NOT NULL CHECK (number > 0),
  run_status       text NOT NULL CHECK (run_status IN ('running', 'aborting', 'succeeded', 'failed')),
  body             text NOT NULL,
  state            text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'given_up')),
  attempt_count    integer NOT NULL DEFAULT 0,
  next_attempt_at  timestamptz NOT NULL DEFAULT now(),
  claimed_until    timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  UNIQUE (run_id, number)
);
COMMENT ON TABLE callback IS 'One status change of a run with a callback URL, recorded in the transaction of the change.';
COMMENT ON COLUMN callback.number IS 'From 1 within its run, in the order of the changes; given out under the lock of the run''s row.';
COMMENT ON COLUMN callback.body IS 'The JSON that is sent: the run as it was at the change.';
COMMENT ON COLUMN callback.claimed_until IS 'Lease of the process that delivers it; once it has run out another may.';

CREATE TABLE callback_attempt (
  callback_id   bigint NOT NULL REFERENCES callback ON DELETE CASCADE,
  number        integer NOT NULL CHECK (number > 0),
  started_at    timestamptz NOT NULL DEFAULT now(),
  milliseconds  integer,
  status_code   integer,
  error         text NOT NULL DEFAULT '',
  answer        text NOT NULL DEFAULT '',
  PRIMARY KEY (callback_id, number)
);
COMMENT ON TABLE callback_attempt IS 'Every delivery that was begun; one without milliseconds is under way.';
COMMENT ON COLUMN callback_attempt.answer IS 'The first bytes of what the receiver answered.';
