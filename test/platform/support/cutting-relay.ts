/** Relays connections to PostgreSQL's Unix socket, and cuts all of them when a statement passes. */
import { createServer, createConnection, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

const socketName = '.s.PGSQL.5432';

export class CuttingRelay {
  /** Connection URL of the same database through the relay. */
  readonly url: string;
  /** Resolves once the statement has passed; nothing is relayed from then until `reopen`. */
  readonly hasCut: Promise<void>;
  readonly #folder: string;
  readonly #target: string;
  readonly #cut = Promise.withResolvers<void>();
  readonly #sockets = new Set<Socket>();
  #statement: string | undefined;
  #server: Server | undefined;

  private constructor(folder: string, url: string, statement: string) {
    const relayed = new URL(url);
    this.#folder = folder;
    this.#target = path.join(relayed.searchParams.get('host') ?? '', socketName);
    relayed.searchParams.set('host', folder);
    this.url = relayed.href;
    this.#statement = statement;
    this.hasCut = this.#cut.promise;
  }

  /** @param folder for its socket @param statement a part of the statement at which it cuts */
  static async open(folder: string, url: string, statement: string): Promise<CuttingRelay> {
    await mkdir(folder, { recursive: true });
    const relay = new CuttingRelay(folder, url, statement);
    await relay.reopen();
    return relay;
  }

  async reopen(): Promise<void> {
    this.#server = createServer((client) => this.#relay(client));
    this.#server.listen(path.join(this.#folder, socketName));
    await once(this.#server, 'listening');
  }

  #relay(client: Socket): void {
    const server = createConnection(this.#target);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', (sent: Buffer) => {
      if (this.#statement !== undefined && sent.includes(this.#statement)) this.#cutAll();
      else server.write(sent);
    });
    server.pipe(client);
  }

  #cutAll(): void {
    this.#statement = undefined;
    this.close();
    this.#cut.resolve();
  }

  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }
}
