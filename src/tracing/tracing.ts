/**
 * Traces: request → run → subtask → steps, in every process that takes part. The run's row carries the trace from one to
 * the next. Only loaded if traces are enabled.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { SpanKind, SpanStatusCode, type Span } from '@opentelemetry/api';
import type { Config } from '../configuration/configuration.ts';
import type { Database } from '../database/database.ts';
import type { EventMap, Events } from '../events/events.ts';
import type { RunTrace } from '../runs/runs.ts';
import { SpanExporter } from './span-exporter.ts';
import { formatTraceparent, newSpanId, newTraceId, parseTraceparent, type SpanPlace } from './traceparent.ts';

type TracingConfig = Pick<Config, 'tracesUrl' | 'tracesHeaders' | 'tracesRatio'>;

export interface TracedRequest {
  readonly operation: string;
  readonly method: string;
  /** Pattern of the path. */
  readonly route: string;
  /** The header; anything that is no traceparent counts as none. */
  readonly traceparent: unknown;
}

/** A request that is being answered. */
export interface RequestTrace {
  readonly place: SpanPlace;
  /** Undefined if it is not sampled. */
  readonly span: Span | undefined;
}

interface EndedRun {
  readonly traceparent: string | null;
  readonly parent_span_id: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

export class Tracing {
  readonly #exporter: SpanExporter;
  readonly #ratio: number;
  readonly #requests = new AsyncLocalStorage<RequestTrace>();
  /** Spans of the subtasks that this process executes, by run and number. */
  readonly #subtasks = new Map<string, Span>();
  readonly #ending = new Set<Promise<void>>();

  constructor({ tracesUrl: url, tracesHeaders: headers, tracesRatio: ratio }: TracingConfig) {
    this.#exporter = new SpanExporter({ url, headers });
    this.#ratio = ratio;
  }

  /** Traces the runs and subtasks of this process from now on. */
  follow({ events, database }: { readonly events: Events; readonly database: Database }): void {
    events.subscribe('subtask:began', (subtask) => this.#beginSubtask(subtask));
    events.subscribe('subtask:stepped', (step) => this.#addStep(step));
    events.subscribe('subtask:settled', ({ run, subtask, status, reason }) => {
      this.#subtasks
        .get(subtaskKey(run, subtask))
        ?.setAttributes({ 'chela.status': status, 'chela.reason': reason });
    });
    events.subscribe('subtask:ended', ({ run, subtask }) => {
      this.#subtasks.get(subtaskKey(run, subtask))?.end();
      this.#subtasks.delete(subtaskKey(run, subtask));
    });
    events.subscribe('run:finished', (finished) => {
      const ending = this.#endRun(database, finished)
        .catch((err: unknown) => events.failed({ work: 'trace-run', err, run: finished.run }))
        .finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    });
  }

  /** Sends what waits. */
  async stop(): Promise<void> {
    await Promise.all(this.#ending);
    await this.#exporter.stop();
  }

  beginRequest({ operation, method, route, traceparent }: TracedRequest): RequestTrace {
    const parent = parseTraceparent(traceparent);
    const traceId = parent?.traceId ?? newTraceId();
    const place = { traceId, spanId: newSpanId(), isSampled: parent?.isSampled ?? this.#isSampled(traceId) };
    if (!place.isSampled) return { place, span: undefined };
    const span = this.#exporter.begin({
      name: operation,
      kind: SpanKind.SERVER,
      startTime: new Date(),
      attributes: { 'http.request.method': method, 'http.route': route },
      place,
      parent,
    });
    return { place, span };
  }

  /** Calls `work` so that the runs that it submits belong to the request. */
  within(request: RequestTrace, work: () => void): void {
    this.#requests.run(request, work);
  }

  endRequest({ span }: RequestTrace, statusCode: number): void {
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
  }

  /** The trace of a run that is being submitted. */
  beginRun(): RunTrace | undefined {
    const request = this.#requests.getStore()?.place;
    const traceId = request?.traceId ?? newTraceId();
    if (!(request?.isSampled ?? this.#isSampled(traceId))) return undefined;
    const traceparent = formatTraceparent({ traceId, spanId: newSpanId(), isSampled: true });
    return { traceparent, parentSpanId: request?.spanId ?? null };
  }

  /** The same for all processes, because it follows from the trace alone. */
  #isSampled(traceId: string): boolean {
    return Number.parseInt(traceId.slice(0, 8), 16) < this.#ratio * 2 ** 32;
  }

  #beginSubtask({ run, subtask, attempt, traceparent }: EventMap['subtask:began']): void {
    const parent = parseTraceparent(traceparent);
    if (parent === undefined) return;
    const span = this.#exporter.begin({
      name: 'subtask',
      kind: SpanKind.CONSUMER,
      startTime: new Date(),
      attributes: { 'chela.run': run, 'chela.subtask': subtask, 'chela.attempt': attempt },
      parent,
    });
    this.#subtasks.set(subtaskKey(run, subtask), span);
  }

  #addStep({ run, subtask, step, seconds }: EventMap['subtask:stepped']): void {
    const parent = this.#subtasks.get(subtaskKey(run, subtask))?.spanContext();
    if (parent === undefined) return;
    const startTime = new Date(Date.now() - seconds * 1000);
    this.#exporter.begin({ name: step, kind: SpanKind.INTERNAL, startTime, attributes: {}, parent }).end();
  }

  /** A run's span is made when the run has ended, with the ids that it got when it was submitted. */
  async #endRun(database: Database, finished: EventMap['run:finished']): Promise<void> {
    const { rows } = await database.pool.query<EndedRun>(
      'SELECT traceparent, parent_span_id, created_at, started_at, finished_at FROM run WHERE slug = $1',
      [finished.run],
    );
    const [run] = rows;
    const place = parseTraceparent(run?.traceparent);
    if (run === undefined || place === undefined) return;
    const { traceId } = place;
    const span = this.#exporter.begin({
      name: 'run',
      kind: SpanKind.PRODUCER,
      startTime: run.created_at,
      attributes: {
        'chela.run': finished.run,
        'chela.status': finished.status,
        'chela.reason': finished.reason ?? '',
        'chela.subtasks': finished.subtasks,
      },
      place,
      parent: run.parent_span_id === null ? undefined : { traceId, spanId: run.parent_span_id },
    });
    if (finished.status === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
    const waitedUntil = run.started_at ?? run.finished_at ?? new Date();
    this.#exporter
      .begin({
        name: 'queue',
        kind: SpanKind.INTERNAL,
        startTime: run.created_at,
        attributes: {},
        parent: place,
      })
      .end(waitedUntil);
    span.end(run.finished_at ?? new Date());
  }
}

function subtaskKey(run: string, subtask: number): string {
  return `${run} ${subtask}`;
}
