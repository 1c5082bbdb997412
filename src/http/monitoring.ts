/** What supervisors and monitoring read: `/health`, `/ready` and, with a token, `/metrics`. */
import type { FastifyReply } from 'fastify';
import { metricsPaths, type PageAnswer } from '../metrics/metrics-page.ts';
import type { AnsweredRequest } from '../metrics/request-meter.ts';
import type { ApiApp, ApiContext } from './api-context.ts';

/** Reports each request once its answer has been sent, or its connection was cut. */
export function meterRequests(app: ApiApp, report: (request: AnsweredRequest) => void): void {
  app.addHook('onResponse', (request, reply, done) => {
    const schema = request.routeOptions.schema as { readonly operationId?: string } | undefined;
    const { method } = request;
    const { statusCode, elapsedTime } = reply;
    report({ operation: schema?.operationId, method, statusCode, seconds: elapsedTime / 1000 });
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
