-- How an export to csv is written.

ALTER TABLE export
  ADD COLUMN defuses_formulas boolean NOT NULL DEFAULT true,
  ADD COLUMN has_byte_order_mark boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN export.defuses_formulas IS 'Whether values that a spreadsheet would run as a formula get an apostrophe in csv.';
COMMENT ON COLUMN export.has_byte_order_mark IS 'Whether csv starts with a byte order mark, which Excel needs to recognize UTF-8.';
