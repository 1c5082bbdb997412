/** How a call of gRPC ends that is not answered by its method. */
export const status = { ok: 0, unimplemented: 12, internal: 13 } as const;

export class CallError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'CallError';
    this.code = code;
  }
}

/** As the header `grpc-message` has it: UTF-8 with percent signs. */
export function encodeStatusMessage(message: string): string {
  return encodeURI(message.toWellFormed());
}
