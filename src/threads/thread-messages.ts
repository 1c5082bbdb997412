/** What a thread of a pool says, and how errors cross over: their class does not, their data does. */
import { ChelaError, type ErrorKey } from '../errors.ts';

/** Of a refusal meant for the client. */
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
  /** Of errors of the system. */
  readonly code: string | undefined;
}

export type ThreadMessage<Answer> =
  /** The code of the thread is loaded. */
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
