/** Statuses of gRPC calls that end without an answer of their method. */
export const status = { ok: 0, unimplemented: 12, internal: 13 } as const;

export class CallError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'CallError';
    this.code = code;
  }
}

/** Encodes a message for the header `grpc-message`: UTF-8 with percent-encoding. */
export function encodeStatusMessage(message: string): string {
  return encodeURI(message.toWellFormed());
}
