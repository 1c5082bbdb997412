/** Calls the API and checks that every response is a valid envelope. */
import { expect } from 'vitest';
import type { Answer, TestClient } from '../support/test-client.ts';

export interface AskOptions {
  readonly method?: string;
  /** The credential; '' sends none. Defaults to the test account's. */
  readonly key?: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON, except text, bytes, a stream or a form, which are sent unchanged. */
  readonly body?: unknown;
}

const requestIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Reads a response, which must be exactly the envelope: its keys, its types, and its request id in both places. */
export async function checkedAnswer<Data>(response: Response): Promise<Answer<Data>> {
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const envelope = (await response.json()) as Record<string, unknown>;
  const isSuccess = response.status === 200;
  const keys = new Set(Object.keys(envelope));
  const optional = isSuccess ? 'data' : 'details';
  expect([...keys.difference(new Set([optional]))].toSorted()).toEqual(['code', 'message', 'request_id']);
  expect(envelope.request_id).toMatch(requestIdPattern);
  expect(envelope.request_id).toBe(response.headers.get('x-request-id'));
  if (isSuccess) expect(envelope).toMatchObject({ code: 0, message: 'success' });
  else expect(envelope).toMatchObject({ code: expect.any(Number), message: expect.stringMatching(/\S/) });
  if (keys.has('details')) {
    expect(envelope.details).toSatisfy(
      (details: unknown) => Array.isArray(details) && details.every((reason) => typeof reason === 'string'),
    );
    expect(envelope.details).not.toEqual([]);
  }
  return {
    status: response.status,
    headers: response.headers,
    code: envelope.code as number,
    message: envelope.message as string,
    requestId: envelope.request_id as string,
    details: envelope.details as string[] | undefined,
    data: envelope.data as Data,
  };
}

function isSentAsIs(body: unknown): body is string | Uint8Array<ArrayBuffer> | FormData | ReadableStream {
  return (
    typeof body === 'string' ||
    body instanceof Uint8Array ||
    body instanceof FormData ||
    body instanceof ReadableStream
  );
}

/** Calls `/api/v2` + path. The method defaults to GET without a body, POST with one. */
export async function ask<Data = unknown>(
  client: TestClient,
  apiPath: string,
  { method, key = client.key, headers, body }: AskOptions = {},
): Promise<Answer<Data>> {
  const response = await fetch(`${client.url}/api/v2${apiPath}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
      ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isSentAsIs(body) ? body : JSON.stringify(body) }),
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });
  return checkedAnswer<Data>(response);
}

/** The parts of an error response, to compare in one expectation. */
export function errorOf({ status, code }: Answer): { status: number; code: number } {
  return { status, code };
}
