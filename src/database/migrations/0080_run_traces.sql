-- The place of a run in an OpenTelemetry trace. Both are null unless the run is traced.

ALTER TABLE run
  ADD COLUMN traceparent text CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'),
  ADD COLUMN parent_span_id text CHECK (parent_span_id ~ '^[0-9a-f]{16}$');
COMMENT ON COLUMN run.traceparent IS 'of the span of the run, as in the header of W3C Trace Context';
COMMENT ON COLUMN run.parent_span_id IS 'span that the span of the run belongs to, such as that of a request';
