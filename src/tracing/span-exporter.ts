/** Sends spans to a receiver of OTLP over HTTP, as JSON. Loads the libraries of OpenTelemetry. */
import {
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Span,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type IdGenerator } from '@opentelemetry/sdk-trace';
import { hostname } from 'node:os';
import { version } from '../version.ts';
import { newSpanId, newTraceId, type SpanPlace } from './traceparent.ts';

/** Spans that wait to be sent; further ones are dropped, so that a slow receiver costs no memory. */
const waitingSpans = 4096;
const sendMilliseconds = 1000;
/** At the stop of the process. */
const lastSendMilliseconds = 3000;

interface NewSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTime: Date;
  readonly attributes: Attributes;
  /** Ids that the span must have; random ones if omitted. */
  readonly place?: Pick<SpanPlace, 'traceId' | 'spanId'>;
  readonly parent?: Pick<SpanPlace, 'traceId' | 'spanId'> | undefined;
}

/** Gives the next span the ids that were chosen for it, because a run's span is created long after its children. */
class ChosenIds implements IdGenerator {
  chosen: Pick<SpanPlace, 'traceId' | 'spanId'> | undefined;

  generateTraceId(): string {
    return this.chosen?.traceId ?? newTraceId();
  }

  generateSpanId(): string {
    return this.chosen?.spanId ?? newSpanId();
  }
}

export class SpanExporter {
  readonly #ids = new ChosenIds();
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor({
    url,
    headers,
  }: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  }) {
    this.#provider = new TracerProvider({
      idGenerator: this.#ids,
      resource: resourceFromAttributes({
        'service.name': 'chela',
        'service.version': version,
        'host.name': hostname(),
        'process.pid': process.pid,
      }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new OTLPTraceExporter({
            url,
            headers: { ...headers },
            timeoutMillis: lastSendMilliseconds,
          }),
          maxQueueSize: waitingSpans,
          scheduledDelayMillis: sendMilliseconds,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('chela', version);
  }

  /** The span is sent after its `end`. */
  begin({ name, kind, startTime, attributes, place, parent }: NewSpan): Span {
    const around =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: 1, isRemote: true });
    this.#ids.chosen = place;
    try {
      return this.#tracer.startSpan(
        name,
        { kind, startTime, attributes, root: parent === undefined },
        around,
      );
    } finally {
      this.#ids.chosen = undefined;
    }
  }

  /** Sends what waits, for a few seconds at most. */
  async stop(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, lastSendMilliseconds);
    try {
      // A receiver that is gone must not look like a failed stop.
      await Promise.race([this.#provider.shutdown().catch(() => undefined), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
