/** Records where a subtask's connections go, and which ones are refused. */
import type { RefusalReason } from '../../egress/connection-outcomes.ts';
import type { DialFailure } from './dial-error.ts';
import type { ByteCount } from './traffic-counter.ts';

export interface ConnectionLedger {
  /** Counts an open connection. @returns what counts its bytes */
  connected(host: string, port: number): ByteCount;
  /** Counts a connection that was not opened. @param host as the worker gave it, unchecked */
  refused(host: string, port: number, reason: RefusalReason): void;
}

export const reasonsByFailure: Readonly<Record<DialFailure, RefusalReason>> = {
  'malformed target': 'malformed_target',
  'forbidden target': 'private_address',
  'host limit': 'host_limit',
  'not allowed': 'not_allowed',
  'refused by upstream': 'upstream_failed',
  'unknown name': 'name_not_found',
  'network unreachable': 'unreachable',
  'host unreachable': 'unreachable',
  'connection refused': 'connection_refused',
  timeout: 'no_answer',
  'upstream failure': 'upstream_failed',
};
