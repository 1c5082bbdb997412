/** Describes an operation of the API: one schema validates, serializes, types and documents it. */
import type { FastifyRequest } from 'fastify';
import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';
import type { Answer } from '../answers/answer.ts';
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
  /** Statuses of its errors, besides those of every operation. */
  readonly errors?: readonly number[];
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

const errorStatuses = [400, 401, 404, 405, 413, 415, 422, 429, 500, 503] as const;

/** The ways to authenticate; one is enough. */
const security: Record<string, string[]>[] = [{ BearerAuth: [] }, { QueryTokenAuth: [] }, { ApiKeyAuth: [] }];

function errorSchemasOf(statuses: readonly number[]): Record<string, TSchema> {
  return Object.fromEntries(statuses.map((status) => [status, errorSchema(status)]));
}

/** The error answers of every operation. */
export const errorSchemas = errorSchemasOf(errorStatuses);

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
  const response: unknown = {
    ...successSchemas(parts),
    ...errorSchemas,
    ...errorSchemasOf([...(parts.errors ?? []), ...(parts.admin ? [403] : [])]),
  };
  return {
    config: { public: parts.public ?? false, admin: parts.admin ?? false },
    ...(parts.public === true && { bodyLimit: publicBodyLimitBytes }),
    schema: {
      operationId: parts.id,
      tags: [parts.tag],
      summary: parts.summary,
      description: parts.description,
      security: parts.public ? [] : security,
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
