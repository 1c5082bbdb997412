/** Why connecting to a target failed, and how each protocol reports it. */
export type DialFailure =
  | 'malformed target'
  | 'forbidden target'
  | 'not allowed'
  | 'host limit'
  | 'refused by upstream'
  | 'unknown name'
  | 'network unreachable'
  | 'host unreachable'
  | 'connection refused'
  | 'timeout'
  | 'upstream failure';

interface Wording {
  /** Reply field of RFC 1928. */
  readonly socksReply: number;
  readonly httpStatus: number;
}

const wordings: Readonly<Record<DialFailure, Wording>> = {
  'malformed target': { socksReply: 1, httpStatus: 400 },
  'forbidden target': { socksReply: 2, httpStatus: 403 },
  'host limit': { socksReply: 1, httpStatus: 429 },
  'not allowed': { socksReply: 2, httpStatus: 403 },
  'refused by upstream': { socksReply: 2, httpStatus: 403 },
  'unknown name': { socksReply: 4, httpStatus: 502 },
  'network unreachable': { socksReply: 3, httpStatus: 502 },
  'host unreachable': { socksReply: 4, httpStatus: 502 },
  'connection refused': { socksReply: 5, httpStatus: 502 },
  timeout: { socksReply: 6, httpStatus: 504 },
  'upstream failure': { socksReply: 1, httpStatus: 502 },
};

const failuresBySystemCode: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: 'connection refused',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'network unreachable',
  ETIMEDOUT: 'timeout',
};

/** Connecting failed. The message is for the worker and its log, and never contains credentials. */
export class DialError extends Error {
  override name = 'DialError';
  readonly failure: DialFailure;

  constructor(failure: DialFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }

  get socksReply(): number {
    return wordings[this.failure].socksReply;
  }

  get httpStatus(): number {
    return wordings[this.failure].httpStatus;
  }

  /** @param target as written by the worker */
  static from(error: unknown, target: string): DialError {
    if (error instanceof DialError) return error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const failure = failuresBySystemCode[code] ?? 'host unreachable';
    return new DialError(failure, `${target} could not be reached: ${code || message}`, { cause: error });
  }
}
