/** Describes an operation of the API: one schema validates, serializes, types and documents it. */
import type { FastifyRequest } from 'fastify';
import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';
import type { Answer } from '../answers/answer.ts';
import { errorKinds, type ErrorKey } from '../errors.ts';
import { errorSchema, successSchema, type Success, type SuccessWith } from './envelope.ts';

type Tag =
  | 'account'
  | 'accounts'
  | 'files'
  | 'proxy'
  | 'run-queue'
  | 'statistics'
  | 'store'
  | 'stores'
  | 'system'
  | 'worker-runs'
  | 'worker-tasks'
  | 'workers';

interface OperationParts<Params, Query, Body, Headers, Data, IsStream> {
  /** The published operation id. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** Callable without a credential. */
  readonly public?: boolean;
  /** Callable by administrators only; others get 403. */
  readonly admin?: boolean;
  readonly params?: Params;
  readonly querystring?: Query;
  readonly body?: Body;
  readonly headers?: Headers;
  /** Schema of the answer's `data`; without it the answer has none. */
  readonly data?: Data;
  /** Its errors, besides those that follow from its other parts. */
  readonly errors?: readonly ErrorKey[];
  /** Fields of the multipart form that the operation accepts instead of a JSON body. */
  readonly form?: TSchema;
  /** Requests that the platform sends as a result, in OpenAPI's format. */
  readonly callbacks?: Record<string, unknown>;
  /** The answer is a stream of server-sent events, or 204 if there are no more. */
  readonly isEventStream?: IsStream;
}

/** The success answers of an operation. */
function successSchemas({
  id,
  data,
  isEventStream,
}: {
  id: string;
  data?: TSchema;
  isEventStream?: boolean;
}) {
  const title = data === undefined ? 'EmptyAnswer' : `${id.slice(0, 1).toUpperCase()}${id.slice(1)}Answer`;
  if (!isEventStream) return { 200: successSchema(title, data) };
  const events = Type.String({
    description: 'Server-sent events: lines `id`, `event` and `data`, and a blank line after each event.',
  });
  return {
    200: { description: 'Events', content: { 'text/event-stream': { schema: events } } },
    204: Type.Null({ description: 'There are no more events.' }),
  };
}

/** Anyone may send a body to a public operation, so it must be small. */
const publicBodyLimitBytes = 16 * 1024;

/** Errors of every operation. The published document has their statuses for each one. */
const commonErrors = [
  'INVALID_ARGUMENT',
  'UNAUTHORIZED',
  'INVALID_TOKEN',
  'NOT_FOUND',
  'INVALID_SHAPE',
  'RATE_LIMITED',
  'SYSTEM_ERROR',
  'DATABASE_ERROR',
  'SHUTTING_DOWN',
] as const satisfies readonly ErrorKey[];
const bodyErrors = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const satisfies readonly ErrorKey[];

/** Errors of operations that start a run. */
export const startErrors = [
  'WORKER_VERSION_UNAVAILABLE',
  'INSUFFICIENT_BALANCE',
  'PLAN_CONCURRENCY_LIMITED',
  'FORBIDDEN',
  // A run that the request waits for may be deleted meanwhile.
  'RUN_NOT_FOUND',
  'NO_SPACE',
] as const satisfies readonly ErrorKey[];

/** Every error that an operation can give. */
function errorsOf({
  errors = [],
  admin,
  body,
  form,
}: {
  readonly errors?: readonly ErrorKey[];
  readonly admin?: boolean;
  readonly body?: TSchema;
  readonly form?: TSchema;
}): ErrorKey[] {
  const hasBody = body !== undefined || form !== undefined;
  const possible = new Set<ErrorKey>([
    ...commonErrors,
    ...(hasBody ? bodyErrors : []),
    ...(admin ? (['FORBIDDEN'] as const) : []),
    ...errors,
  ]);
  return Object.keys(errorKinds).filter((key): key is ErrorKey => possible.has(key as ErrorKey));
}

/** The ways to authenticate; one is enough. */
const security: Record<string, string[]>[] = [{ BearerAuth: [] }, { QueryTokenAuth: [] }, { ApiKeyAuth: [] }];

/** The schema of each error status, which operations share. */
const errorSchemas = new Map(Object.values(errorKinds).map(({ status }) => [status, errorSchema(status)]));

function errorSchemasOf(errors: readonly ErrorKey[]): Record<string, TSchema | undefined> {
  const statuses = errors.map((key) => errorKinds[key].status);
  return Object.fromEntries(statuses.map((status) => [status, errorSchemas.get(status)]));
}

/** Route options of an operation, for `app.get(url, operation({…}), handler)`. */
export function operation<
  const Params extends TSchema = TSchema,
  const Query extends TSchema = TSchema,
  const Body extends TSchema = TSchema,
  const Headers extends TSchema = TSchema,
  const Data extends TSchema | undefined = undefined,
  const IsStream extends boolean = false,
>(parts: OperationParts<Params, Query, Body, Headers, Data, IsStream>) {
  const { params, querystring, body, headers } = parts;
  const errors = errorsOf(parts);
  const response: unknown = { ...successSchemas(parts), ...errorSchemasOf(errors) };
  return {
    config: { public: parts.public ?? false, admin: parts.admin ?? false },
    ...(parts.public === true && { bodyLimit: publicBodyLimitBytes }),
    schema: {
      operationId: parts.id,
      tags: [parts.tag],
      summary: parts.summary,
      description: parts.description,
      security: parts.public ? [] : security,
      'x-errors': errors,
      ...(parts.form && { 'x-form': parts.form }),
      ...(parts.callbacks && { callbacks: parts.callbacks }),
      response: response as Responses<Data, IsStream>,
      ...(params && { params }),
      ...(querystring && { querystring }),
      ...(body && { body }),
      ...(headers && { headers }),
    } as OperationSchema<Params, Query, Body, Headers, Responses<Data, IsStream>>,
  };
}

/** The schema of an operation that answers with content instead of an envelope. Its errors are envelopes as always. */
export function answeringContent<Schema extends { response: unknown }>(
  schema: Schema,
  contents: Readonly<Record<number, unknown>>,
): Omit<Schema, 'response'> & { response: Record<number, unknown> } {
  return { ...schema, response: { ...(schema.response as Record<number, unknown>), ...contents } };
}

/** The return type of an operation's handler. Errors are thrown. */
type Responses<Data, IsStream> = IsStream extends true
  ? Record<number, unknown>
  : { 200: TUnsafe<Data extends TSchema ? SuccessWith<Answer<Data>> : Success> };

interface OperationSchema<Params, Query, Body, Headers, Response> {
  operationId: string;
  tags: Tag[];
  summary: string;
  description: string;
  security: Record<string, string[]>[];
  'x-errors': readonly ErrorKey[];
  'x-form'?: TSchema;
  callbacks?: Record<string, unknown>;
  response: Response;
  params: Params;
  querystring: Query;
  body: Body;
  headers: Headers;
}

/** The path parameters, for code that several routes share. @param _schema schema that the routes check them with */
export function paramsOf<Params extends TSchema>(request: FastifyRequest, _schema: Params): Static<Params> {
  return request.params as Static<Params>;
}
