-- Stores: state of workers that outlives their runs.

CREATE SEQUENCE store_version;
COMMENT ON SEQUENCE store_version IS 'Versions of values. A version is never used twice, also not for a key that was deleted.';

CREATE TABLE store (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  name        text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 128),
  key_count   bigint NOT NULL DEFAULT 0 CHECK (key_count >= 0),
  size_bytes  bigint NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, name)
) WITH (fillfactor = 70);
COMMENT ON COLUMN store.key_count IS 'Number of its values. Changes of a store lock its row, one after another.';
COMMENT ON COLUMN store.size_bytes IS 'Size of its keys and values.';

CREATE TABLE store_value (
  store_id    bigint NOT NULL REFERENCES store ON DELETE CASCADE,
  key         text COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 256),
  value       json NOT NULL,
  size_bytes  bigint NOT NULL,
  version     bigint NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (store_id, key)
);
COMMENT ON COLUMN store_value.value IS 'As the worker wrote it, with every digit.';
COMMENT ON COLUMN store_value.size_bytes IS 'Size of the key and the value.';
