/** Counts the bytes of connections to targets as they are transferred. */
import type { Socket } from 'node:net';
import type { RelayReader } from './relay-reader.ts';

/** Receives the bytes of one connection. Called for every piece of data. */
export interface ByteCount {
  /** @param bytes from the worker to the target */
  addSent(bytes: number): void;
  /** @param bytes from the target to the worker */
  addReceived(bytes: number): void;
}

export class TrafficCounter {
  readonly #add: (bytes: number) => void;
  /** Open connections; the function counts the bytes written since its last call. */
  readonly #open = new Map<Socket, () => void>();

  /** @param add called with the number of bytes transferred by any connection, in either direction */
  constructor(add: (bytes: number) => void) {
    this.#add = add;
  }

  /**
   * Counts a connection's bytes from now on, including buffered ones. Call it before anything else reads.
   * @param count receives the bytes of this connection
   * @param reader reads the connection, if it was opened with one
   */
  watch(socket: Socket, count: ByteCount, reader?: RelayReader): void {
    let written = socket.bytesWritten;
    const countWritten = (): void => {
      const now = socket.bytesWritten;
      if (now > written) {
        count.addSent(now - written);
        this.#add(now - written);
      }
      written = now;
    };
    this.#open.set(socket, countWritten);
    const countRead = (bytes: number): void => {
      countWritten();
      count.addReceived(bytes);
      this.#add(bytes);
    };
    if (reader === undefined) socket.on('data', (chunk: Buffer) => countRead(chunk.length));
    else reader.onBytes(countRead);
    socket.on('drain', countWritten);
    socket.once('close', () => {
      countWritten();
      this.#open.delete(socket);
    });
  }

  /** Counts all bytes written so far. */
  settle(): void {
    for (const countWritten of this.#open.values()) countWritten();
  }

  /** Ends all watched connections. */
  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
