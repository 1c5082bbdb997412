/**
 * Serves the requests of a connection one after another. Node calls its listener for every request that has arrived, so
 * without this, thousands of pipelined requests would be served at the same time.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Maximum number of waiting requests per connection. The few clients that pipeline send two or three ahead. */
const maxWaiting = 16;

interface Waiting {
  readonly response: ServerResponse;
  readonly begin: () => void;
}

/** Connections with a request that is being served, and those behind it. */
const connections = new WeakMap<Socket, Waiting[]>();

function serve(socket: Socket, { response, begin }: Waiting): void {
  response.once('close', () => {
    const next = connections.get(socket)?.shift();
    if (next === undefined || socket.destroyed) connections.delete(socket);
    else serve(socket, next);
  });
  begin();
}

/**
 * Closes the connection if too many requests wait.
 * @param begin is called once the responses to the connection's requests before this one are complete; never if it closes
 */
export function takeTurn({ socket }: IncomingMessage, response: ServerResponse, begin: () => void): void {
  // Node still emits requests that it has read before the connection was closed.
  if (socket.destroyed) return;
  const waiting = connections.get(socket);
  if (waiting === undefined) {
    connections.set(socket, []);
    serve(socket, { response, begin });
  } else if (waiting.length < maxWaiting) waiting.push({ response, begin });
  else socket.destroy();
}

/** @returns a listener that serves requests in order, and closes a connection with too many waiting ones */
export function inTurn(listener: RequestListener): RequestListener {
  return (request, response) => takeTurn(request, response, () => listener(request, response));
}
