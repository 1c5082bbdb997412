/**
 * The registry of errors that API clients can get: key, application code, HTTP status and generic text. `ChelaError`
 * carries a key and usually a specific message that says what to do next.
 */

interface ErrorKind {
  /** Application code in the envelope. */
  readonly code: number;
  readonly status: number;
  /** Generic text, used if there is no specific message. */
  readonly text: string;
}

export const errorKinds = {
  SYSTEM_ERROR: { code: 10000, status: 500, text: 'internal server error' },
  INVALID_ARGUMENT: { code: 11000, status: 400, text: 'invalid argument' },
  METHOD_NOT_ALLOWED: { code: 11000, status: 405, text: 'method not allowed' },
  STORAGE_LIMITED: { code: 11000, status: 400, text: 'a limit on what may be stored is reached' },
  PRECONDITION_FAILED: { code: 11000, status: 412, text: 'the value was changed meanwhile' },
  RANGE_NOT_SATISFIABLE: { code: 11000, status: 416, text: 'the range is outside the file' },
  BODY_TOO_LARGE: { code: 11000, status: 413, text: 'request body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { code: 11000, status: 415, text: 'unsupported media type' },
  INVALID_SHAPE: { code: 11000, status: 422, text: 'invalid argument' },
  NOT_FOUND: { code: 11004, status: 404, text: 'not found' },
  UNAUTHORIZED: { code: 12001, status: 401, text: 'authentication required' },
  INVALID_TOKEN: { code: 12002, status: 401, text: 'invalid token' },
  FORBIDDEN: { code: 12001, status: 403, text: 'not allowed' },
  LINK_EXPIRED: { code: 12002, status: 403, text: 'this link has expired or was altered' },
  NOT_READY: { code: 10000, status: 503, text: 'not ready yet: try again in a few seconds' },
  SHUTTING_DOWN: { code: 10000, status: 503, text: 'this server is stopping: try again in a few seconds' },
  NO_SPACE: { code: 10000, status: 503, text: 'there is not enough space to start runs' },
  RATE_LIMITED: { code: 13000, status: 429, text: 'too many requests' },
  DATABASE_ERROR: { code: 14000, status: 500, text: 'database error' },
  NOT_IMPLEMENTED: { code: 16000, status: 501, text: 'not implemented' },
  INSUFFICIENT_BALANCE: { code: 30001, status: 400, text: 'account balance is insufficient' },
  PLAN_CONCURRENCY_LIMITED: {
    code: 30003,
    status: 400,
    text: 'the current running tasks have reached the plan limit',
  },
  WORKER_NOT_FOUND: { code: 50001, status: 400, text: 'worker does not exist' },
  WORKER_RUN_FAILED: { code: 50002, status: 400, text: 'worker run failed' },
  WORKER_VERSION_UNAVAILABLE: { code: 50003, status: 400, text: 'the worker version is not available' },
  TASK_NOT_FOUND: { code: 60001, status: 400, text: 'task does not exist' },
  RUN_NOT_FOUND: { code: 70001, status: 400, text: 'run record does not exist' },
  RUN_FAILED: { code: 70002, status: 400, text: 'run operation failed' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorKey = keyof typeof errorKinds;

/** An error for the client. Its message may be shown as it is; its details are one sentence each. */
export class ChelaError extends Error {
  readonly key: ErrorKey;
  readonly details: readonly string[] | undefined;

  /**
   * @param key key in the registry
   * @param message what went wrong and what to do; the registry's generic text if omitted
   * @param details further reasons, one sentence each
   */
  constructor(key: ErrorKey, message?: string, details?: readonly string[]) {
    super(message ?? errorKinds[key].text);
    this.name = 'ChelaError';
    this.key = key;
    this.details = details;
  }

  get kind(): ErrorKind {
    return errorKinds[this.key];
  }
}

/** An invalid value from the client, 400/11000. */
export function invalidArgument(message: string, details?: readonly string[]): ChelaError {
  return new ChelaError('INVALID_ARGUMENT', message, details);
}
