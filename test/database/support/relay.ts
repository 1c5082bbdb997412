/** A TCP relay in front of PostgreSQL, which can lose connections without a word, as a cut network does. */
import { once } from 'node:events';
import net from 'node:net';

export class Relay {
  readonly #server: net.Server;
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>();

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /** @param url of the server, by TCP or a Unix socket */
  static async start(url: string): Promise<Relay> {
    const { hostname, port, searchParams } = new URL(url);
    const folder = searchParams.get('host');
    const target =
      folder === null
        ? { host: hostname, port: Number(port || 5432) }
        : { path: `${folder}/.s.PGSQL.${port || 5432}` };
    const server = net.createServer();
    const relay = new Relay(server);
    server.on('connection', (near) => relay.#connect(near, net.connect(target)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return relay;
  }

  /** The URL of the same database through the relay. */
  url(database: string): string {
    const url = new URL(database);
    url.searchParams.delete('host');
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as net.AddressInfo).port);
    return url.href;
  }

  /** From now on nothing passes on the open connections, in either direction, and nobody is told. */
  cut(): void {
    for (const sockets of this.#pairs) {
      for (const socket of sockets) socket.unpipe();
      for (const socket of sockets) socket.pause();
    }
  }

  stop(): void {
    this.#server.close();
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  #connect(near: net.Socket, far: net.Socket): void {
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        for (const either of pair) either.destroy();
        this.#pairs.delete(pair);
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
