/** Servers on loopback that are closed at the end of the test. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Listening {
  readonly port: number;
  readonly connections: Set<Socket>;
}

/** Listens on a free port of loopback until the test ends. */
export async function listen(server: Server, host = '127.0.0.1'): Promise<Listening> {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of connections) socket.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port, connections };
}

/** A server whose connections may stay half-open. */
export async function serveTcp(serve: (socket: Socket) => void, host?: string): Promise<Listening> {
  return listen(createServer({ allowHalfOpen: true }, serve), host);
}

/** A server that echoes all bytes. */
export async function serveEcho(host?: string): Promise<Listening> {
  return serveTcp((socket) => socket.pipe(socket), host);
}

/** @param serve may still run after it has answered; if it rejects, the connection is closed */
export async function serveHttp(
  serve: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<Listening> {
  const server = createHttpServer((request, response) => {
    Promise.resolve(serve(request, response)).catch(() => response.destroy());
  });
  return listen(server);
}
