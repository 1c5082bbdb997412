/** The envelope of every answer below the API's base path. */
import { Type, type TSchema } from 'typebox';
import { ChelaError, errorKinds, type ErrorKey } from '../errors.ts';

export interface Success {
  readonly code: 0;
  readonly message: 'success';
  readonly request_id: string;
}

export interface SuccessWith<Data> extends Success {
  readonly data: Data;
}

export interface ErrorEnvelope {
  readonly code: number;
  readonly message: string;
  readonly request_id: string;
  readonly details?: readonly string[];
}

export function success(request: { id: string }): Success;
export function success<Data>(request: { id: string }, data: Data): SuccessWith<Data>;
export function success<Data>(request: { id: string }, data?: Data): Success & { data?: Data } {
  return { code: 0, message: 'success', data, request_id: request.id };
}

export function failure(request: { id: string }, error: ChelaError): ErrorEnvelope {
  const details = error.details?.length ? { details: error.details } : {};
  return { code: error.kind.code, message: error.message, request_id: request.id, ...details };
}

const requestId = Type.String({
  description: 'ID of this request, also in the server log.',
  examples: ['0192f3a1-7c55-4d0e-9d5e-3f1c6d0e8a11'],
});

/**
 * Schema of a success envelope around `data`; without `data` the envelope has none.
 * @param title name of the schema in the OpenAPI document
 * @param title name of the schema in the OpenAPI document
 */
export function successSchema(title: string, data?: TSchema) {
  return Type.Object(
    {
      code: Type.Integer({ description: 'Application code; 0 means success.', examples: [0] }),
      message: Type.String({ examples: ['success'] }),
      ...(data === undefined ? {} : { data }),
      request_id: requestId,
    },
    { title, description: 'Success' },
  );
}

/** Schema of the error envelopes with this HTTP status. */
export function errorSchema(status: number) {
  const kinds = Object.entries(errorKinds).filter(([, kind]) => kind.status === status);
  const codes = [...new Set(kinds.map(([, kind]) => kind.code))];
  const meanings = kinds.map(([key, kind]) => `${kind.code} ${key}: ${kind.text}`).join('; ');
  return Type.Object(
    {
      code: Type.Integer({
        description: 'Application error code.',
        enum: codes,
        examples: [codes[0] ?? errorKinds.SYSTEM_ERROR.code],
      }),
      message: Type.String({
        description: 'What is wrong and what to do.',
        examples: [kinds[0]?.[1].text ?? ''],
      }),
      request_id: requestId,
      details: Type.Optional(
        Type.Array(Type.String(), { description: 'Further reasons, one sentence each.' }),
      ),
    },
    { title: `Error${status}`, description: meanings },
  );
}

const statusKeys: Partial<Record<number, ErrorKey>> = {
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
};

/** The registry's error for an HTTP status chosen by the framework. */
export function errorForStatus(status: number, message?: string): ChelaError {
  const key = statusKeys[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'SYSTEM_ERROR');
  return new ChelaError(key, key === 'SYSTEM_ERROR' ? undefined : message);
}
