/** Requests that wait for something. */
import type { FastifyRequest } from 'fastify';

interface WaitingClient extends Disposable {
  /** Aborted if the client disconnects or the server stops. */
  readonly signal: AbortSignal;
}

/**
 * A client that waits for its answer. Dispose of it when nothing waits any more.
 * @param closing see `ApiContext`
 */
export function waitingClient({ raw: { socket } }: FastifyRequest, closing: AbortSignal): WaitingClient {
  const hangUp = new AbortController();
  function clientLeft(): void {
    hangUp.abort();
  }
  if (socket.destroyed) clientLeft();
  else socket.once('close', clientLeft);
  return {
    signal: AbortSignal.any([hangUp.signal, closing]),
    [Symbol.dispose]: () => socket.off('close', clientLeft),
  };
}

/**
 * Runs work that waits, with a signal that is aborted if the client disconnects or the server stops.
 * @param closing see `ApiContext`
 */
export async function whileClientWaits<Result>(
  request: FastifyRequest,
  closing: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using client = waitingClient(request, closing);
  return await work(client.signal);
}
