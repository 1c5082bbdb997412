/** What supervisors and monitoring read: `/health`, `/ready` and, with a token, `/metrics`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { metricsPaths, type PageAnswer } from '../metrics/metrics-page.ts';
import type { AnsweredRequest } from '../metrics/request-meter.ts';
import type { RequestTrace, Tracing } from '../tracing/tracing.ts';
import type { ApiApp, ApiContext } from './api-context.ts';

/** Reports each request once its answer has been sent, or its connection was cut. */
export function meterRequests(app: ApiApp, report: (request: AnsweredRequest) => void): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const { statusCode, elapsedTime } = reply;
    report({ operation: operationOf(request), method, statusCode, seconds: elapsedTime / 1000 });
    done();
  });
}

function operationOf({ routeOptions }: FastifyRequest): string | undefined {
  return routeOptions.schema?.operationId;
}

/** Traces the requests of operations. Others, such as those of the console and of probes, would bury them. */
export function traceRequests(app: ApiApp, tracing: Tracing): void {
  const traces = new WeakMap<FastifyRequest, RequestTrace>();
  app.addHook('onRequest', (request, _reply, done) => {
    const operation = operationOf(request);
    const { method, headers, routeOptions } = request;
    if (operation !== undefined) {
      const { url: route = '' } = routeOptions;
      traces.set(
        request,
        tracing.beginRequest({ operation, method, route, traceparent: headers['traceparent'] }),
      );
    }
    done();
  });
  // Not earlier: the events of the body come from the connection, whose context is another.
  app.addHook('preHandler', (request, _reply, done) => {
    const found = traces.get(request);
    if (found === undefined) done();
    else tracing.within(found, done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const found = traces.get(request);
    if (found !== undefined) tracing.endRequest(found, reply.statusCode);
    done();
  });
}

export function addMonitoring(app: ApiApp, { system, readiness, version, metricsPage }: ApiContext): void {
  app.get('/health', { schema: { hide: true } }, async () => {
    const problems = await system.problems();
    // Still 200, because a restart, with which some supervisors react to errors, does not help.
    return problems.length === 0 ? { status: 'ok', version } : { status: 'degraded', version, problems };
  });
  app.get('/ready', { schema: { hide: true } }, async (_request, reply) => {
    const status = await readiness.state();
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  if (metricsPage === undefined) return;
  for (const path of metricsPaths) {
    app.get(path, { schema: { hide: true } }, async (request, reply) =>
      send(reply, await metricsPage(path, request.headers.authorization)),
    );
  }
}

function send(
  reply: FastifyReply,
  { statusCode, contentType, headers = {}, body }: PageAnswer,
): FastifyReply {
  // As bytes, because the serializer would quote a string.
  return reply.code(statusCode).headers(headers).type(contentType).send(Buffer.from(body));
}
