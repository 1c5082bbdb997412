/**
 * Calls the API as any client could. The session cookie says who is signed in; requests that change something also
 * carry the session's CSRF token.
 */

import { parseJson } from './lossless-json.ts';

export const basePath = '/api/v2';

interface Envelope<Data> {
  readonly code: number;
  readonly message: string;
  readonly request_id: string;
  readonly details?: readonly string[];
  readonly data?: Data;
}

/** An answer other than success, or none at all. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** HTTP status; 0 if the server did not answer. */
  readonly status: number;
  /** Code from the API's error registry; 0 if the server did not answer. */
  readonly code: number;
  readonly requestId: string;
  readonly details: readonly string[];

  constructor(status: number, envelope: Omit<Envelope<never>, 'data'>) {
    super(envelope.message);
    this.status = status;
    this.code = envelope.code;
    this.requestId = envelope.request_id;
    this.details = envelope.details ?? [];
  }
}

let csrfToken = '';

/** Headers of a request that changes something. */
export function changeHeaders(): Record<string, string> {
  return { 'x-csrf-token': csrfToken };
}

/** Sets the token that proves that a request comes from the console and not from another site. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Query;
  /** Sent as JSON; a FormData is sent unchanged. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Keeps the digits of numbers that JavaScript would round: see lossless-json.ts. */
  readonly isLossless?: boolean;
}

/** The path of a request with its query. Undefined and empty values are left out. */
export function apiPath(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return `${basePath}${path}${given.length === 0 ? '' : `?${search.toString()}`}`;
}

/**
 * Calls one operation.
 * @param path below the base path, with its parameters encoded
 * @returns the envelope's `data`
 * @throws ApiError for any other answer, and if there is no answer
 */
export async function call<Data>(path: string, options: CallOptions = {}): Promise<Data> {
  const { body, query, headers, signal } = options;
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  const isForm = body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(apiPath(path, query), {
      method,
      headers: {
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...(method !== 'GET' && changeHeaders()),
        ...headers,
      },
      body: isForm ? body : body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { code: 0, message: 'The server does not answer.', request_id: '' });
  }
  const envelope = await readEnvelope<Data>(response, options.isLossless ?? false);
  if (envelope.code !== 0) throw new ApiError(response.status, envelope);
  return envelope.data as Data;
}

async function readEnvelope<Data>(response: Response, isLossless: boolean): Promise<Envelope<Data>> {
  try {
    return (isLossless ? parseJson(await response.text()) : await response.json()) as Envelope<Data>;
  } catch {
    const requestId = response.headers.get('x-request-id') ?? '';
    const message = `The server answered ${response.status} without an explanation.`;
    throw new ApiError(response.status, { code: response.status, message, request_id: requestId });
  }
}

/** Encodes one segment of a path; `owner/name` becomes `owner~name`. */
export function segment(id: string): string {
  return encodeURIComponent(id.replace('/', '~'));
}
