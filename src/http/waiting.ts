/** Requests that wait for something. */
import type { FastifyRequest } from 'fastify';

/**
 * Runs work that waits, with a signal that is aborted if the client disconnects or the server stops.
 * @param closing see `ApiContext`
 */
export async function whileClientWaits<Result>(
  request: FastifyRequest,
  closing: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const hangUp = new AbortController();
  const { socket } = request.raw;
  function clientLeft(): void {
    hangUp.abort();
  }
  socket.once('close', clientLeft);
  try {
    return await work(AbortSignal.any([hangUp.signal, closing]));
  } finally {
    socket.off('close', clientLeft);
  }
}
