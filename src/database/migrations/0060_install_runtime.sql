-- What a version runs on.

ALTER TABLE dependency_install ADD COLUMN runtime text NOT NULL DEFAULT '';
COMMENT ON COLUMN dependency_install.runtime IS 'Name and version of the language''s runtime that the latest runner chose for the version, such as Node 22.18.0; empty if it is not known, or there is none.';
