-- Values of rows as text and as numbers, for filters and orders, and exports of selected rows.

CREATE FUNCTION storable_json(data json) RETURNS json LANGUAGE sql IMMUTABLE AS $$
  SELECT replace(regexp_replace(replace(data::text, '\\', E'\x01'),
    '\\u0000|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}',
    '\ufffd', 'g'), E'\x01', '\\')::json
$$;
COMMENT ON FUNCTION storable_json IS 'The same JSON with U+FFFD for U+0000 and lone surrogates, which text cannot hold.';

CREATE FUNCTION storable_row_value(data json, key text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL UNSAFE AS $$
BEGIN
  RETURN data ->> key;
EXCEPTION WHEN untranslatable_character OR invalid_text_representation THEN
  RETURN storable_json(data) ->> key;
END
$$;
COMMENT ON FUNCTION storable_row_value IS 'A value of a row as text, whatever escapes the row contains.';

CREATE FUNCTION row_value(data json, key text) RETURNS text LANGUAGE sql STABLE PARALLEL UNSAFE AS $$
  SELECT CASE WHEN pg_column_size(data) < 2000 AND strpos(data::text, '\u') = 0 THEN data ->> key
    ELSE storable_row_value(data, key) END
$$;
COMMENT ON FUNCTION row_value IS 'A value of a row as text: strings without quotes, others as JSON; NULL for null and an absent key.';

CREATE FUNCTION text_as_number(value text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value COLLATE "C" NOT BETWEEN '-' AND ':' OR octet_length(value) > 100 THEN NULL
    WHEN value ~ '^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?$' THEN value::numeric END
$$;
COMMENT ON FUNCTION text_as_number IS 'The number that a text is, in JSON notation with at most 100 characters; otherwise NULL.';

ALTER TABLE export ADD COLUMN selection json;
COMMENT ON COLUMN export.selection IS 'The rows to export and their order; NULL for all rows in the order of first arrival.';
