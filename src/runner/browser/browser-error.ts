/** Errors of browsers and of requests to them. Clients get them in WebDriver's error format. */

/** Error codes of the WebDriver standard, with their HTTP status. */
const statuses = {
  'invalid argument': 400,
  unauthorized: 401,
  'invalid session id': 404,
  'unknown command': 404,
  'session not created': 500,
  'unknown error': 500,
  unavailable: 503,
} as const;

export type BrowserErrorKind = keyof typeof statuses;

/** The message is for the worker and its log. */
export class BrowserError extends Error {
  override name = 'BrowserError';
  readonly kind: BrowserErrorKind;

  constructor(kind: BrowserErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  get httpStatus(): number {
    return statuses[this.kind];
  }

  /** Body of the HTTP answer. */
  get json(): string {
    const standard = this.kind === 'unavailable' ? 'session not created' : this.kind;
    const error = standard === 'unauthorized' ? 'unknown error' : standard;
    return JSON.stringify({ value: { error, message: this.message, stacktrace: '' } });
  }

  static from(error: unknown): BrowserError {
    if (error instanceof BrowserError) return error;
    return new BrowserError('unknown error', (error as Error).message, { cause: error });
  }
}
