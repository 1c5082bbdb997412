/** Opens connections when it is their turn, if connections to one host are limited. */
import type { Socket } from 'node:net';
import { HostLimitError, type HostGate } from '../../egress/egress.ts';
import { DialError } from './dial-error.ts';
import { targetText, type Target } from './target.ts';

/**
 * Waits for the turn of a target, and opens a connection that gives it back when it closes.
 * @param canceled ends the wait
 * @throws DialError
 */
export async function connectInTurn(
  gate: HostGate,
  target: Target,
  canceled: AbortSignal,
  connect: () => Promise<Socket>,
): Promise<Socket> {
  const release = await gate.pass(target.host, canceled).catch((error: unknown) => {
    const text = targetText(target);
    throw error instanceof HostLimitError
      ? new DialError(
          'host limit',
          `${text} was refused: the account has too many connections to this host (CHELA_HOST_CONNECTION_LIMIT, CHELA_HOST_CONNECTIONS_PER_SECOND)`,
          { cause: error },
        )
      : new DialError('timeout', `connecting to ${text} was canceled`, { cause: error });
  });
  try {
    const socket = await connect();
    socket.once('close', release);
    if (socket.destroyed) release();
    return socket;
  } catch (error) {
    release();
    throw error;
  }
}
