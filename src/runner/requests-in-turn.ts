/**
 * Answers the requests of a connection one after another. Node calls its listener for every request that has arrived, so a client
 * that sends thousands without waiting for answers would have all of them served at the same time.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of a connection that wait for those before them. Clients that send ahead (few do) send two or three. */
const mostWaiting = 16;

type Exchange = readonly [request: IncomingMessage, response: ServerResponse];

/** @returns a listener that closes a connection on which more requests wait than clients send */
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
    // The rest of what was read with the requests before.
    if (socket.destroyed) return;
    const others = waiting.get(socket);
    if (others === undefined) {
      waiting.set(socket, []);
      serve(socket, [request, response]);
    } else if (others.length < mostWaiting) others.push([request, response]);
    else socket.destroy();
  };
}
