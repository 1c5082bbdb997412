import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

interface SocksServerOptions {
  readonly user: string;
  readonly password: string;
  /** The port of 127.0.0.1 that connections to any destination really go to. */
  readonly targetPort: number;
}

/** Reads the bytes of a handshake piece by piece. */
async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes) return bytes;
    await new Promise((resolve, reject) => {
      socket.once('readable', resolve);
      socket.once('end', () => reject(new Error('the client hung up')));
    });
  }
}

async function readLengthPrefixed(socket: Socket): Promise<string> {
  const [length = 0] = await readBytes(socket, 1);
  return length === 0 ? '' : (await readBytes(socket, length)).toString();
}

/** A SOCKS5 server (RFC 1928, 1929) that requires user and password and accepts only host names as destinations. */
export class SocksServer {
  /** `host:port` as requested. */
  readonly destinations: string[] = [];
  readonly #options: SocksServerOptions;

  constructor(options: SocksServerOptions) {
    this.#options = options;
  }

  accept(socket: Socket): void {
    this.#serve(socket).catch(() => socket.destroy());
  }

  async #serve(socket: Socket): Promise<void> {
    const [, methodCount = 0] = await readBytes(socket, 2);
    await readBytes(socket, methodCount);
    socket.write(Buffer.from([5, 2]));

    await readBytes(socket, 1);
    const user = await readLengthPrefixed(socket);
    const password = await readLengthPrefixed(socket);
    if (user !== this.#options.user || password !== this.#options.password) {
      socket.end(Buffer.from([1, 1]));
      return;
    }
    socket.write(Buffer.from([1, 0]));

    const hostNameType = 3;
    const [, , , addressType] = await readBytes(socket, 4);
    if (addressType !== hostNameType) {
      socket.end(Buffer.from([5, 8, 0, 1, 0, 0, 0, 0, 0, 0]));
      return;
    }
    const host = await readLengthPrefixed(socket);
    const port = (await readBytes(socket, 2)).readUInt16BE();
    this.destinations.push(`${host}:${port}`);
    socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));

    const target = connect(this.#options.targetPort, '127.0.0.1');
    pipeline(socket, target, socket, () => {});
  }
}
