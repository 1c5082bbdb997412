-- Lines without colors, which most are, have null.
ALTER TABLE log_line ADD COLUMN styles json;
COMMENT ON COLUMN log_line.styles IS 'Colors of parts of the content: [{start, end, color?, background?, bold?, dim?, italic?, underline?}], in UTF-16 code units.';
