/** Counts the bytes that connections to targets carry, both ways, while they carry them. */
import type { Socket } from 'node:net';
import type { RelayReader } from './relay-reader.ts';

export class TrafficCounter {
  readonly #add: (bytes: number) => void;
  /** The connections that are open, with the way to count what they wrote since they were last looked at. */
  readonly #open = new Map<Socket, () => void>();

  /** @param add told of bytes as they pass */
  constructor(add: (bytes: number) => void) {
    this.#add = add;
  }

  /**
   * Counts a connection from now on; what was read ahead of its use counts too. Call it right before the use.
   * @param reader that the connection is read by, if it has one
   */
  watch(socket: Socket, reader?: RelayReader): void {
    let written = socket.bytesWritten;
    const countWritten = (): void => {
      const now = socket.bytesWritten;
      if (now > written) this.#add(now - written);
      written = now;
    };
    this.#open.set(socket, countWritten);
    const countRead = (bytes: number): void => {
      countWritten();
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

  /** Counts what has been written up to now. */
  settle(): void {
    for (const countWritten of this.#open.values()) countWritten();
  }

  /** Ends every connection that is watched. */
  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
