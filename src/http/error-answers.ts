/** Turns every error into the error envelope, without revealing internals. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { isDatabaseError, isDatabaseFull } from '../database/database.ts';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { Events } from '../events/events.ts';
import type { ApiApp } from './api-context.ts';
import { errorForStatus, failure } from './envelope.ts';
import { shapeError } from './validation.ts';

function isFrameworkError(error: unknown): error is FastifyError & { statusCode: number } {
  return typeof (error as FastifyError).statusCode === 'number';
}

/** The registry's error for a thrown value. */
function clientError(error: unknown): ChelaError {
  if (error instanceof ChelaError) return error;
  if (isFrameworkError(error)) {
    if (error.validation) return shapeError(error.validation, error.validationContext);
    if (error.statusCode === 415) {
      return errorForStatus(
        415,
        'unsupported media type: send the body as application/json, or a worker package as multipart/form-data',
      );
    }
    return errorForStatus(error.statusCode, error.message);
  }
  if (isDatabaseFull(error)) {
    return new ChelaError(
      'DATABASE_ERROR',
      'the disk of the database is full: nothing can be stored until the operator frees space',
    );
  }
  return new ChelaError(isDatabaseError(error) ? 'DATABASE_ERROR' : 'SYSTEM_ERROR');
}

function answerError(events: Events, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = clientError(error);
  if (answer.kind.status === 500) {
    const { id: requestId, method, routeOptions } = request;
    events.emit('request:failed', { requestId, method, route: routeOptions.url, err: error });
  }
  // Fastify would close the connection without reading the body, and the client might never see the answer.
  void reply.removeHeader('connection').code(answer.kind.status).send(failure(request, answer));
}

/** Answers requests that the router rejects: the identifier is too long, or the address cannot be decoded. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const [path = ''] = request.url.split('?');
  const answer =
    error.code === 'FST_ERR_BAD_URL'
      ? invalidArgument(`the path cannot be decoded: ${path}`)
      : new ChelaError('NOT_FOUND', `not found, the identifier is too long: ${path}`);
  void reply.header('x-request-id', request.id).code(answer.kind.status).send(failure(request, answer));
}

const malformedRequests: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'the request took too long to arrive',
  HPE_HEADER_OVERFLOW: "the request's URL and headers together are larger than the limit of 16 KiB",
};

/** Answers malformed HTTP on the raw connection and closes it. */
export function answerMalformedRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const id = randomUUID();
  const answer = invalidArgument(malformedRequests[error.code ?? ''] ?? 'this is not a valid HTTP request');
  const body = JSON.stringify(failure({ id }, answer));
  socket.end(
    [
      `HTTP/1.1 ${answer.kind.status} Bad Request`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${id}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  );
}

/** A pattern that matches the paths of a route, such as `/workers/:workerId`. */
function pathPattern(url: string): RegExp {
  const pattern = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)))
    .join('/');
  // expression-exempt: from our own routes; each part ends at the next slash
  return new RegExp(`^${pattern}/?$`);
}

/**
 * Sets the answers for errors, unknown paths, and methods that a known path does not have.
 * @param answerPage answers unknown paths that are pages of the console
 */
export function addErrorAnswers(
  app: ApiApp,
  events: Events,
  answerPage: (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined,
): void {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: pathPattern(url), methods: [method].flat() });
  });
  app.setErrorHandler((error, request, reply) => answerError(events, error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const methods = new Set(
      routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods),
    );
    // A route has this method, but the router did not match it because of its parameters.
    if (methods.size === 0 || methods.has(request.method)) {
      const page = answerPage(request, reply);
      if (page !== undefined) return page;
      return reply.code(404).send(failure(request, new ChelaError('NOT_FOUND', `no such route: ${path}`)));
    }
    const allowed = [...methods].join(', ');
    const error = new ChelaError(
      'METHOD_NOT_ALLOWED',
      `method ${request.method} is not allowed: use ${allowed}`,
    );
    return reply.header('allow', allowed).code(405).send(failure(request, error));
  });
}
