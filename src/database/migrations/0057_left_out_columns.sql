-- Exports that do not have all columns of their run.

ALTER TABLE export ADD COLUMN lacks_columns boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN export.lacks_columns IS 'Whether the rows have keys beyond the limit of columns, which the file does not have.';
