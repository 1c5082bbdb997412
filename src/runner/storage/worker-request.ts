/** A worker's request to the storage gateway, and the ways to answer it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ChelaError, invalidArgument } from '../../errors.ts';

export interface WorkerRequest {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /**
   * Parts of the path that come before the first slash, and after it, decoded. `''` is an empty name, which is not the
   * same as none: `DELETE /stores/STORE/` must not delete the store.
   */
  readonly first: string | undefined;
  readonly rest: string | undefined;
  readonly query: URLSearchParams;
}

/** Maximum number of names in one answer. */
const listLimit = 1000;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidArgument(`the path is not percent-encoded UTF-8: ${text}`);
  }
}

/**
 * The path is not normalized, so that a name is never changed.
 * @returns the request below `/files` or `/stores`
 * @throws ChelaError NOT_FOUND for other paths
 */
export function parseRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
): WorkerRequest & { readonly kind: 'files' | 'stores' } {
  const [path = '', query = ''] = (incoming.url ?? '').split('?', 2);
  const [, kind, below] = /^\/(files|stores)(?:\/(.*))?$/.exec(path) ?? [];
  if (kind !== 'files' && kind !== 'stores')
    throw new ChelaError('NOT_FOUND', `no such path: ${path}: use /files or /stores`);
  const [, first, rest] = /^([^/]*)(?:\/(.*))?$/.exec(below ?? '') ?? [];
  return {
    incoming,
    response,
    kind,
    method: incoming.method ?? 'GET',
    first: below === undefined || first === undefined ? undefined : decoded(first),
    rest: rest === undefined ? undefined : decoded(rest),
    query: new URLSearchParams(query),
  };
}

/** The part of a list that the query asks for. @throws ChelaError */
export function listQuery(query: URLSearchParams): { prefix: string; after: string; limit: number } {
  const limit = query.get('limit') ?? String(listLimit);
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > listLimit)
    throw invalidArgument(`limit must be an integer from 1 to ${listLimit}`);
  const [prefix, after] = [query.get('prefix') ?? '', query.get('after') ?? ''];
  if ([prefix, after].some((text) => text.includes('\0')))
    throw invalidArgument('prefix and after must not contain the character U+0000');
  return { prefix, after, limit: Number(limit) };
}

export function methodNotAllowed({ method }: WorkerRequest, allowed: string): ChelaError {
  return new ChelaError('METHOD_NOT_ALLOWED', `method ${method} is not allowed: use ${allowed}`);
}

export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  answerText(response, status, JSON.stringify(value), headers);
}

/** @param json JSON text */
export function answerText(
  response: ServerResponse,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(json)),
    ...headers,
  });
  response.end(json);
}

export function answerEmpty(response: ServerResponse): void {
  response.writeHead(204).end();
}
