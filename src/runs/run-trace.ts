/** The place of a run in a trace, stored with the run so that whichever process executes or ends it continues the trace. */
export interface RunTrace {
  /** Of the run's own span, as in the header of W3C Trace Context. */
  readonly traceparent: string;
  /** Span that the run's belongs to, such as that of the request; null for none. */
  readonly parentSpanId: string | null;
}

/** @returns undefined if the run that is being submitted is not traced */
export type BeginRunTrace = () => RunTrace | undefined;
