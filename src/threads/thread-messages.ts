/** Messages of a pool's thread. Errors lose their class between threads, so their data is sent. */
import { ChelaError, type ErrorKey } from '../errors.ts';

/** A ChelaError, meant for the client. */
interface RefusedMessage {
  readonly kind: 'refused';
  readonly key: ErrorKey;
  readonly message: string;
  readonly details: readonly string[] | undefined;
}

interface FailedMessage {
  readonly kind: 'failed';
  readonly message: string;
  readonly stack: string | undefined;
  /** Code of a system error. */
  readonly code: string | undefined;
}

export type ThreadMessage<Answer> =
  /** The thread's code has been loaded. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly answer: Answer }
  | RefusedMessage
  | FailedMessage;

export function messageOf(error: unknown): RefusedMessage | FailedMessage {
  if (error instanceof ChelaError) {
    const { key, message, details } = error;
    return { kind: 'refused', key, message, details };
  }
  const { message, stack, code } = error as NodeJS.ErrnoException;
  return { kind: 'failed', message, stack, code };
}

export function errorOf(told: RefusedMessage | FailedMessage): Error {
  if (told.kind === 'refused') return new ChelaError(told.key, told.message, told.details);
  const { message, stack, code } = told;
  return Object.assign(new Error(message), { stack, ...(code !== undefined && { code }) });
}
