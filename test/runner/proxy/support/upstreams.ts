/** Upstream proxies on loopback that record the requested targets. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { listen, serveTcp } from './servers.ts';
import { take } from './socks-client.ts';

export interface ServedUpstream {
  readonly port: number;
  /** Requested targets, `host:port` as sent. */
  readonly asked: string[];
}

const user = 'up';
const password = 'p@ss:word';
/** User and password, encoded for a URL. */
export const upstreamLogin = `${user}:${encodeURIComponent(password)}`;

async function readText(socket: Socket): Promise<string> {
  const [length = 0] = await take(socket, 1);
  return (await take(socket, length)).toString();
}

function join(socket: Socket, target: Socket): void {
  target.on('error', () => socket.destroy());
  socket.on('close', () => target.destroy());
  socket.pipe(target).pipe(socket);
}

async function serveSocksClient(socket: Socket, asked: string[]): Promise<void> {
  const [, count = 0] = await take(socket, 2);
  await take(socket, count);
  socket.write(Buffer.from([5, 2]));
  await take(socket, 1);
  const given = `${await readText(socket)} ${await readText(socket)}`;
  socket.write(Buffer.from([1, given === `${user} ${password}` ? 0 : 1]));
  const [, , , type] = await take(socket, 4);
  let host: string;
  if (type === 1) host = (await take(socket, 4)).join('.');
  else if (type === 4) host = (await take(socket, 16)).toString('hex');
  else host = await readText(socket);
  const port = (await take(socket, 2)).readUInt16BE();
  asked.push(`${host}:${port}`);
  const target = connect({ host: '127.0.0.1', port });
  target.once('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])));
  target.once('connect', () => {
    // Sends the answer and the target's first bytes in one packet, as can happen.
    socket.cork();
    socket.write(Buffer.from([5, 0, 0, 3, 4, ...Buffer.from('name'), 0, 80]));
    process.nextTick(() => socket.uncork());
    join(socket, target);
  });
}

/** Connects to the requested port on loopback, whatever the host. */
export async function serveSocksUpstream(): Promise<ServedUpstream> {
  const asked: string[] = [];
  const { port } = await serveTcp(
    (socket) => void serveSocksClient(socket, asked).catch(() => socket.destroy()),
  );
  return { port, asked };
}

/** @param certificate if given, connections to the proxy use TLS */
export async function serveHttpUpstream(certificate?: {
  key: string;
  cert: string;
}): Promise<ServedUpstream> {
  const asked: string[] = [];
  const server = certificate === undefined ? createHttpServer() : createHttpsServer(certificate);
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    if (request.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 No\r\n\r\n');
      return;
    }
    asked.push(request.url ?? '');
    const target = connect({ host: '127.0.0.1', port: Number(request.url?.split(':').at(-1)) });
    target.once('connect', () => {
      socket.write('HTTP/1.1 200 OK\r\nX-Padding: yes\r\n\r\n');
      if (head.length > 0) target.write(head);
      join(socket, target);
    });
  });
  const { port } = await listen(server);
  return { port, asked };
}
