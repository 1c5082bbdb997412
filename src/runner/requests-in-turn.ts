/**
 * Serves the requests of a connection one after another. Node calls its listener for every request that has arrived, so
 * without this, thousands of pipelined requests would be served at the same time.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Maximum number of waiting requests per connection. The few clients that pipeline send two or three ahead. */
const mostWaiting = 16;

type Exchange = readonly [request: IncomingMessage, response: ServerResponse];

/** @returns a listener that serves requests in order, and closes a connection with too many waiting ones */
export function inTurn(listener: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, Exchange[]>();
  const serve = (socket: Socket, [request, response]: Exchange): void => {
    response.once('close', () => {
      const next = waiting.get(socket)?.shift();
      if (next === undefined || socket.destroyed) waiting.delete(socket);
      else serve(socket, next);
    });
    listener(request, response);
  };
  return (request, response) => {
    const { socket } = request;
    // Node still emits requests that it has read before the connection was closed.
    if (socket.destroyed) return;
    const others = waiting.get(socket);
    if (others === undefined) {
      waiting.set(socket, []);
      serve(socket, [request, response]);
    } else if (others.length < mostWaiting) others.push([request, response]);
    else socket.destroy();
  };
}
