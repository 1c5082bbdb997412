/** Counts the bytes that connections to targets carry, both ways, while they carry them. */
import type { Socket } from 'node:net';

export class TrafficCounter {
  readonly #add: (bytes: number) => void;
  /** The connections that are open, with the way to count what they wrote since they were last looked at. */
  readonly #open = new Map<Socket, () => void>();

  /** @param add told of bytes as they pass */
  constructor(add: (bytes: number) => void) {
    this.#add = add;
  }

  /** Counts a connection from now on; what was read ahead of its use counts too. Call it right before the use. */
  watch(socket: Socket): void {
    let written = socket.bytesWritten;
    const countWritten = (): void => {
      const now = socket.bytesWritten;
      if (now > written) this.#add(now - written);
      written = now;
    };
    this.#open.set(socket, countWritten);
    socket.on('data', (chunk: Buffer) => {
      countWritten();
      this.#add(chunk.length);
    });
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
